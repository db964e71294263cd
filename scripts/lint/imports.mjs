// Checks the import rules of .dependency-cruiser.mjs: node scripts/lint/imports.mjs [FOLDER…]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import swcVisitor from '@swc/core/Visitor.js';
import { cruise } from 'dependency-cruiser';

// dependency-cruiser reads TypeScript through swc's visitor (TypeScript 7 has no compiler API to read it with), and
// that visitor does not know "using". The initialisers of such a declaration are ordinary expressions.
const { visitStatement } = swcVisitor.Visitor.prototype;
swcVisitor.Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  for (const declaration of statement.decls) if (declaration.init) this.visitExpression(declaration.init);
  return statement;
};

const folders = process.argv.length > 2 ? process.argv.slice(2) : ['apps', 'libs', 'test'];
const { default: config } = await import(pathToFileURL(join(process.cwd(), '.dependency-cruiser.mjs')).href);
const { output } = await cruise(folders, { ...config.options, validate: true, ruleSet: { forbidden: config.forbidden } });
const { violations, totalCruised, totalDependenciesCruised } = output.summary;
const sentences = new Map(config.forbidden.map(({ name, comment }) => [name, comment]));

for (const { rule, from, to } of violations) {
  console.error(`${rule.name}: ${from} imports ${to}\n  ${sentences.get(rule.name)}`);
}
// An empty tree breaks no rule, and a wrong path would look like a clean one.
if (totalCruised === 0) console.error(`no module was found in ${folders.join(', ')}`);
console.log(`${totalCruised} modules, ${totalDependenciesCruised} imports, ${violations.length} against the rules`);
process.exitCode = violations.length > 0 || totalCruised === 0 ? 1 : 0;
