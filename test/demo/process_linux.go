package main

import "syscall"

// processGroup also makes the kernel end the child when the demo is killed.
func processGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
