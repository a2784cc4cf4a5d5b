package config

import "strings"

// maxTypos is the largest edit distance of a suggestion.
const maxTypos = 3

func hasPrefix(name string) bool { return strings.HasPrefix(name, "OTTO_") }

// Suggest returns the variable with the name most similar to an unknown one; empty: none is similar.
func Suggest(unknown string) string {
	best, least := "", maxTypos+1
	for _, name := range Names() {
		if d := distance(unknown, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes, computed one row at a time.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
