package queue

import "strings"

const (
	defaultRegistry = "docker.io"
	noPattern       = -1
)

// normalizeImage gives a valid image reference its whole name, as container runtimes do: registry, repository, and a tag or a
// digest. So `golang` is docker.io/library/golang:latest.
func normalizeImage(image string) string {
	registry, repository, found := strings.Cut(image, "/")
	if !found || !strings.ContainsAny(registry, ".:") && registry != "localhost" && registry == strings.ToLower(registry) {
		registry, repository = defaultRegistry, image
	}
	registry = strings.ToLower(registry)
	if registry == "index."+defaultRegistry {
		registry = defaultRegistry
	}
	if registry == defaultRegistry && !strings.Contains(repository, "/") {
		repository = "library/" + repository
	}
	if !strings.ContainsAny(repository, ":@") {
		repository += ":latest"
	}
	return registry + "/" + repository
}

// pattern is the index of the first pattern that matches a normalized image, or noPattern.
func (o *Overrides) pattern(image string) int {
	for i, pattern := range o.Images {
		if matchImage(pattern, image) {
			return i
		}
	}
	return noPattern
}

// matchImage: `*` stands for any text within a part of the path, `**` for any text. In time that grows with the product of
// both lengths, since a producer chooses the image.
func matchImage(pattern, image string) bool {
	matches := make([]bool, len(image)+1) // matches[i]: what came of the pattern matches image[:i]
	matches[0] = true
	for pattern != "" {
		switch {
		case strings.HasPrefix(pattern, "**"):
			pattern = pattern[2:]
			spread(matches, func(int) bool { return true })
		case pattern[0] == '*':
			pattern = pattern[1:]
			spread(matches, func(i int) bool { return image[i] != '/' })
		default:
			for i := len(image); i > 0; i-- {
				matches[i] = matches[i-1] && image[i-1] == pattern[0]
			}
			matches[0] = false
			pattern = pattern[1:]
		}
	}
	return matches[len(image)]
}

// spread lets what matches go on over any number of bytes that may follow.
func spread(matches []bool, may func(i int) bool) {
	for i := range len(matches) - 1 {
		matches[i+1] = matches[i+1] || matches[i] && may(i)
	}
}
