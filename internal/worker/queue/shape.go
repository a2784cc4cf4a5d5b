package queue

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Shape names the lane of an event within its line, for people too; empty: it changes nothing of its template. Pods of one
// shape are likely to meet the same answer of the API server. It has not the image itself but the pattern that allowed it,
// and the next higher powers of two of CPU and memory: images of a CI have a new tag for each build.
func (p *Policy) Shape(ev *event.Event) string {
	if ev.Image == "" && ev.CPU == "" && ev.Memory == "" {
		return ""
	}
	var parts []string
	if ev.Image != "" {
		allowed := p.Templates[ev.Template].Overrides
		parts = append(parts, imageShape(allowed.pattern(normalizeImage(ev.Image))))
	}
	if milli, ok := event.ParseCPU(ev.CPU); ok {
		parts = append(parts, "cpu<="+formatCPU(nextCPU(milli)))
	}
	if bytes, ok := event.ParseMemory(ev.Memory); ok {
		parts = append(parts, "memory<="+formatMemory(nextPower(bytes)))
	}
	return strings.Join(parts, " ")
}

// imageShape: no pattern matches where the policy has changed since the event was accepted.
func imageShape(pattern int) string {
	if pattern == noPattern {
		return "images[-]"
	}
	return fmt.Sprintf("images[%d]", pattern)
}

// nextCPU is the next power of two of cores, such as 0.25 or 4, in thousandths.
func nextCPU(milli int64) float64 {
	if milli > 1000 {
		return 1000 * float64(nextPower((milli+999)/1000))
	}
	next := 1000.0
	for next/2 >= float64(milli) {
		next /= 2
	}
	return next
}

// nextPower is the smallest power of two that is at least n, which is positive.
func nextPower(n int64) int64 {
	const highest = 1 << 62
	if n > highest {
		return highest
	}
	return 1 << bits.Len64(uint64(n-1))
}

func formatCPU(milli float64) string {
	if milli >= 1000 {
		return strconv.FormatFloat(milli/1000, 'f', -1, 64)
	}
	return strconv.FormatFloat(milli, 'f', -1, 64) + "m"
}

// formatMemory uses the largest binary unit that divides it.
func formatMemory(bytes int64) string {
	unit := 0
	for unit < 5 && bytes > 0 && bytes%1024 == 0 {
		bytes /= 1024
		unit++
	}
	return strconv.FormatInt(bytes, 10) + []string{"", "Ki", "Mi", "Gi", "Ti", "Pi"}[unit]
}
