package cluster

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress prints the start of the components, which become ready concurrently.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

func (p *progress) ready(component string) {
	p.printf("  %-26s ready after %5.2f s", component, time.Since(p.start).Seconds())
}

func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, format+"\n", args...)
}
