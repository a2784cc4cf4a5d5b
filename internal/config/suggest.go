package config

import (
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxTypos is the largest edit distance of a suggestion.
const maxTypos = 3

func hasPrefix(name string) bool { return strings.HasPrefix(name, "OTTO_") }

// Suggest returns the variable with the name most similar to an unknown one; empty: none is similar.
func Suggest(unknown string) string {
	best, least := "", maxTypos+1
	for _, name := range Names() {
		if d := text.Distance(unknown, name); d < least {
			best, least = name, d
		}
	}
	return best
}
