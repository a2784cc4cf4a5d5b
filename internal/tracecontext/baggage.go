package tracecontext

import "strings"

// MaxBaggage bounds a baggage, in bytes: what W3C demands that everybody passes on.
const MaxBaggage = 8192

// ValidBaggage follows https://www.w3.org/TR/baggage/#header-content: members `key=value;property`, with commas between. How many
// there are is bounded by the length alone.
func ValidBaggage(s string) bool {
	if s == "" || len(s) > MaxBaggage {
		return false
	}
	for member := range strings.SplitSeq(s, ",") {
		pair, properties, more := strings.Cut(member, ";")
		if !validPair(pair) {
			return false
		}
		for more {
			pair, properties, more = strings.Cut(properties, ";")
			if key, _, valued := strings.Cut(pair, "="); valued && !validPair(pair) || !valued && !isToken(trim(key)) {
				return false
			}
		}
	}
	return true
}

func validPair(s string) bool {
	key, value, ok := strings.Cut(s, "=")
	return ok && isToken(trim(key)) && !strings.ContainsFunc(trim(value), isNoOctet)
}

// trim takes W3C's optional white space away.
func trim(s string) string { return strings.Trim(s, " \t") }

// isToken is a name of an HTTP header.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// isNoOctet: a value is printable ASCII without space, quote, comma, semicolon and backslash; everything else is percent-encoded.
func isNoOctet(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;\`, r) }
