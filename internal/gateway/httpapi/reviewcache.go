package httpapi

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	reviewLife = 10 * time.Second
	maxReviews = 1000
)

// review is what Kubernetes said.
type review struct {
	user    string
	allowed bool
	until   time.Time
}

// reviewCache remembers for a short time what Kubernetes said of a token. A token is kept as its hash only.
type reviewCache struct {
	mu      sync.Mutex
	reviews map[[sha256.Size]byte]review
}

func reviewKey(token string, verb Verb) [sha256.Size]byte {
	return sha256.Sum256([]byte(string(verb) + " " + token))
}

func (c *reviewCache) find(token string, verb Verb) (review, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, known := c.reviews[reviewKey(token, verb)]
	return r, known && time.Now().Before(r.until)
}

// add makes place by forgetting what is over, else everything: whoever has many valid tokens only makes us ask more.
func (c *reviewCache) add(token string, verb Verb, r review) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reviews == nil || len(c.reviews) >= maxReviews {
		c.reviews = make(map[[sha256.Size]byte]review)
	}
	r.until = time.Now().Add(reviewLife)
	c.reviews[reviewKey(token, verb)] = r
}
