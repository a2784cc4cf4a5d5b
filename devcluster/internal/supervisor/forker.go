package supervisor

import (
	"os/exec"
	"runtime"
	"sync"
)

// forker starts all children from one OS thread, which lives until close: see the package comment.
// The zero value is ready for use.
type forker struct {
	once   sync.Once
	starts chan func()
}

func (f *forker) start(cmd *exec.Cmd) error {
	f.once.Do(f.open)
	result := make(chan error, 1)
	f.starts <- func() { result <- cmd.Start() }
	return <-result
}

func (f *forker) open() {
	f.starts = make(chan func())
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		for start := range f.starts {
			start()
		}
	}()
}

func (f *forker) close() {
	f.once.Do(f.open)
	close(f.starts)
}
