// Package hub reads the status stream once for all viewers of a replica, and remembers its latest entries.
//
// A viewer keeps no place in the hub: it says which entry it had last and gets those after it. So a slow one costs nothing, and
// what it can no longer get from memory it reads from Redis, or is cut off. The IDs are those of the status stream: a viewer
// resumes at any replica.
//
//	Redis ── XREAD ──▶ Run ──▶ ring ── Since(last) ──▶ viewers
package hub
