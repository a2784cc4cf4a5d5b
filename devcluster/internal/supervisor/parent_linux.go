package supervisor

import "syscall"

func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// ExitWithParent does nothing on Linux: the kernel kills the process, see Pdeathsig.
func ExitWithParent() {}
