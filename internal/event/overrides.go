package event

import (
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// The forms of what an event may change of a template, for Go and for JSON Schema.
const (
	imagePattern = `^([A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]{1,5})?/)?` + // registry
		`[a-z0-9]+([-._]+[a-z0-9]+)*(/[a-z0-9]+([-._]+[a-z0-9]+)*)*` + // path
		`(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?$` // tag, digest
	cpuPattern    = `^([0-9]{1,9}(\.[0-9]{1,3})?|[0-9]{1,12}m)$`
	memoryPattern = `^[0-9]{1,15}(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$`
)

var (
	imageForm  = regexp.MustCompile(imagePattern)
	cpuForm    = regexp.MustCompile(cpuPattern)
	memoryForm = regexp.MustCompile(memoryPattern)
)

// ValidImage reports whether a text is an image reference: registry and path, tag and digest.
func ValidImage(s string) bool { return len(s) <= maxImage && imageForm.MatchString(s) }

// ParseCPU reads a quantity of CPU, such as 500m, 0.5 or 2, in thousandths of a core. Zero is none.
func ParseCPU(s string) (milli int64, ok bool) {
	if !cpuForm.MatchString(s) {
		return 0, false
	}
	if whole, isMilli := strings.CutSuffix(s, "m"); isMilli {
		milli, _ = strconv.ParseInt(whole, 10, 64) // the form bounds it
	} else {
		milli = thousandths(s)
	}
	return milli, milli > 0
}

// ParseMemory reads a quantity of memory, such as 512Mi or 2G, in bytes. Zero is none, nor is a part of a byte.
func ParseMemory(s string) (bytes int64, ok bool) {
	if !memoryForm.MatchString(s) {
		return 0, false
	}
	number := strings.TrimRight(s, "kKMGTPi")
	over, n := bits.Mul64(uint64(thousandths(number)), memoryUnit(s[len(number):])) //nolint:gosec // the form bounds it
	if over != 0 || n%1000 != 0 || n/1000 > math.MaxInt64 {
		return 0, false
	}
	return int64(n / 1000), n > 0
}

// memoryUnit is the factor of a suffix.
func memoryUnit(suffix string) uint64 {
	if suffix == "" {
		return 1
	}
	letter, binary := strings.CutSuffix(suffix, "i")
	base := uint64(1000)
	if binary {
		base = 1024
	}
	unit := base
	for range strings.Index("KMGTP", strings.ToUpper(letter)) {
		unit *= base
	}
	return unit
}

// thousandths reads digits with at most three decimals.
func thousandths(s string) int64 {
	whole, decimals, _ := strings.Cut(s, ".")
	n, _ := strconv.ParseInt((whole + decimals + "000")[:len(whole)+3], 10, 64) // the forms bound it
	return n
}

func (d *decoder) image(value string, sent bool) *Rejection {
	if sent && !ValidImage(value) {
		return Reject(CodeOverride, "image is %q: want an image reference such as registry.example/team/agent:1.2",
			text.Ellipsis(value, maxQuoted))
	}
	d.event.Image = value
	return nil
}

func (d *decoder) cpu(value string, sent bool) *Rejection {
	if _, ok := ParseCPU(value); sent && !ok {
		return Reject(CodeOverride, "cpu is %q: want a quantity such as 500m or 2", text.Ellipsis(value, maxQuoted))
	}
	d.event.CPU = value
	return nil
}

func (d *decoder) memory(value string, sent bool) *Rejection {
	if _, ok := ParseMemory(value); sent && !ok {
		return Reject(CodeOverride, "memory is %q: want a quantity such as 512Mi or 2Gi", text.Ellipsis(value, maxQuoted))
	}
	d.event.Memory = value
	return nil
}
