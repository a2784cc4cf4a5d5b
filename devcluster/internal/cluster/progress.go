package cluster

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells people how the start goes; components get ready side by side.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

func (p *progress) ready(what string) {
	p.say("  %-26s ready after %5.2f s", what, time.Since(p.start).Seconds())
}

func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, format+"\n", args...)
}
