import { hasCgroups } from './cgroup.ts';

/** Why this machine cannot cause bottlenecks, whatever is installed, and how to make it able to; undefined when it can. */
export function lacksBottlenecks(): string | undefined {
  if (process.platform !== 'linux')
    return 'slow links, disks and CPUs are made with network namespaces, loop devices and cgroups, which need Linux';
  if (process.geteuid?.() !== 0) return 'slow links, disks and CPUs need root: run the tests as root, or in CI';
  return hasCgroups() ? undefined : 'no cgroups with CPU and block devices at /sys/fs/cgroup: mount them';
}
