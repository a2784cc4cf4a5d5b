package house

import (
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// oldWords are private words that were replaced by the field's own, as they stood in text and code. History may have them:
// CHANGELOG.md and docs/decisions.
var oldWords = map[string]string{
	`\btroubles?\b`:                           "failure, error code",
	`\bmend(s|ed|ing)?\b`:                     "fix",
	`\bheralds?\b`:                            "emitter",
	`\bheldtest\b`:                            "golden",
	`\bparcels?\b`:                            "packed event",
	`\bdoom(s|ed)?\b`:                         "selected",
	`\bculls?(ed)?\b`:                         "terminate",
	`\bstrangers?\b`:                          "unaccounted Pods",
	`\brivals?\b`:                             "observed Lease",
	`\b(taken|takes?|took|taking) in\b`:       "accepted",
	`\breading (rests|goes on)\b`:             "intake paused, intake resumed",
	`\bstarting over from\b`:                  "restarting from persisted records",
	`\bworker goes on\b`:                      "worker state changed",
	`\bnothing is done: the stream\b`:         "stream owned by another installation; idle",
	`\bRedis was emptied\b`:                   "Redis data lost",
	`\bthe Lease is held by none\b`:           "no leader holds the Lease",
	`\bcores are computed on\b`:               "maximum threads running Go code",
	`\bIs it well\?`:                          "Health",
	`\bWhat is no valid event\b`:              "Invalid entries",
	`\bwhat became of it, and why does it\b`:  "Why isn't my event running?",
	`ReadingRests|DeadLettersShed|StartsOver`: "IntakePaused, DeadLetterStreamFull, TermChurn",
	`\bottoscaler_room\b|\bpods_kept\b`:       "capacity_available, pods_retained",
	`\bErr(Foreign|Denied|Busy)\b`:            "ErrNameConflict, ErrForbidden, ErrUnavailable",
	`\binternal/(trouble|notice|server)\b`:    "errcode, kubeevents, health and metrics",
	`\bnetplan\b`:                             "ports",
	`\bwaits? for room\b|\bplace in room\b`:   "waits for capacity",
}

// oldNames were names of types, functions, methods, fields and constants. As words of a sentence they are fine.
var oldNames = regexp.MustCompile(`^(?i)(trouble|mend|herald|said|letter|opener|lean|parcel|rival|remains|doom|cull|` +
	`occupies|strangers?|sights?|stray|unask|unlucky|teller|standing|meter|room|shown|wellAgain|giveUpAfter|gather|hands|story)$`)

// mayHave are the files that speak of the past, and this one.
func mayHave(path string) bool {
	return path == "CHANGELOG.md" || strings.HasPrefix(path, "docs/decisions/") || strings.HasPrefix(path, "test/house/") || path == "LICENSE"
}

func TestWords(t *testing.T) {
	var words []*regexp.Regexp
	instead := make(map[*regexp.Regexp]string)
	for old, better := range oldWords {
		r := regexp.MustCompile("(?i)" + old)
		words, instead[r] = append(words, r), better
	}
	anyOf := regexp.MustCompile("(?i)" + strings.Join(slices.Sorted(maps.Keys(oldWords)), "|"))
	walk(t, func(path string) {
		if mayHave(path) || strings.HasSuffix(path, ".sum") || strings.HasSuffix(path, ".svg") {
			return
		}
		text, n := read(t, path), 0
		if !anyOf.MatchString(text) {
			return
		}
		for line := range strings.Lines(text) {
			n++
			for _, r := range words {
				if found := r.FindString(line); found != "" {
					t.Errorf("%s:%d: %q: write %q", path, n, found, instead[r])
				}
			}
		}
	})
}

func TestNames(t *testing.T) {
	for _, s := range sources(t) {
		if mayHave(s.path) {
			continue
		}
		check := func(id *ast.Ident) {
			if id != nil && oldNames.MatchString(id.Name) {
				t.Errorf("%s: the name %s is one of the old vocabulary", s.files.Position(id.Pos()), id.Name)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				check(n.Name)
			case *ast.TypeSpec:
				check(n.Name)
			case *ast.StructType:
				for _, f := range n.Fields.List {
					for _, name := range f.Names {
						check(name)
					}
				}
			case *ast.GenDecl:
				for _, spec := range n.Specs {
					if v, is := spec.(*ast.ValueSpec); is {
						for _, name := range v.Names {
							check(name)
						}
					}
				}
			}
			return true
		})
	}
}
