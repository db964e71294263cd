import { z } from 'zod';
import { Failure } from './failure.js';
import { NAME_BYTES_MAX, NAME_COMPONENT_BYTES_MAX, NAME_COMPONENTS_MAX } from './limits.js';

const encoder = new TextEncoder();

/** Why `name` cannot be the name of a shared file, as a sentence, or `undefined` when it can. */
export function fileNameProblem(name: string): string | undefined {
  const bytes = encoder.encode(name).length;
  if (bytes === 0) return 'a name cannot be empty';
  if (bytes > NAME_BYTES_MAX) return `the name has ${bytes} bytes; at most ${NAME_BYTES_MAX} are allowed`;
  if (!name.isWellFormed()) return 'the name is not well-formed Unicode';
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return 'the name has a control character';
  if (name.includes('\\')) return 'the name has a backslash';
  const components = name.split('/');
  if (components.length > NAME_COMPONENTS_MAX) {
    return `the name has ${components.length} components; at most ${NAME_COMPONENTS_MAX} are allowed`;
  }
  for (const component of components) {
    if (component === '') return 'the name has an empty component: no leading, trailing or double "/"';
    if (component === '.' || component === '..') return `the name has the component "${component}"`;
    if (encoder.encode(component).length > NAME_COMPONENT_BYTES_MAX) {
      return `a component of the name has more than ${NAME_COMPONENT_BYTES_MAX} bytes`;
    }
  }
  return undefined;
}

/** Returns `name` if it can be the name of a shared file, else throws `BAD_NAME`. */
export function assertFileName(name: string): string {
  const problem = fileNameProblem(name);
  if (problem !== undefined) throw new Failure('BAD_NAME', problem);
  return name;
}

export const fileNameSchema = z
  .string()
  .max(NAME_BYTES_MAX)
  .superRefine((name, context) => {
    const problem = fileNameProblem(name);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
