// Package inspect answers people: the commands show events and their history with Reader, and send entries and dead
// letters with it; `check` examines a Redis with Inspect; health and metrics read Stats. It needs no term and disturbs
// none.
package inspect
