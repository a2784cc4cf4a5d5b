// Package proc runs the components of a cluster as child processes and breaks them on purpose.
//
// A Group remembers what it started and in which order. A component is either wanted (it should run) or
// not (somebody stopped or killed it): only the end of a wanted one is reported by Exited.
//
// Children must not outlive a parent that was killed with SIGKILL. Linux offers Pdeathsig for that, with a
// trap: the signal comes when the *thread* that forked the child ends, and the Go runtime ends threads as
// it likes. So one goroutine, locked to its thread, forks all children of a Group and lives until StopAll.
// Elsewhere the components watch their parent themselves, see DieWithParent.
package proc
