// Package supervisor runs the components of a cluster as child processes and injects faults into them.
//
// A Group records its components in the order of their first start. Only a component that exits although it was
// neither stopped nor killed through the Group is reported by Exited.
//
// Children must not outlive a parent that was killed with SIGKILL. Linux offers Pdeathsig for that, with a
// trap: the signal is sent when the *thread* that forked the child ends, and the Go runtime ends threads at
// any time. So one goroutine, locked to its thread, forks all children of a Group and lives until StopAll.
// Elsewhere the components poll their parent themselves, see ExitWithParent.
package supervisor
