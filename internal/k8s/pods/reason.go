package pods

import "strings"

const (
	maxMessage = 1 << 10 // bytes of an observation's message
	maxReason  = 64      // bytes of an observation's reason
)

// reasonWord keeps the legal characters of a reason. The kubelet's may contain a resource's name: OutOfexample.com/gpu.
func reasonWord(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-_./", r):
			return r
		}
		return -1
	}, s[:min(len(s), 4*maxReason)])
	return s[:min(len(s), maxReason)]
}
