// Package podlogs follows the logs of containers exactly: no line lost, doubled or torn over whatever interrupts a connection.
//
//	Client.Follow ── viewer ──┐
//	Client.Follow ── viewer ──┴── source (ring) ── follower ── one connection after another: the API server, the kubelet
//
// A follower reads one container and never waits for who reads its lines: a kubelet whose reader is slow loses lines when it
// rotates the file, and says nothing. It puts them into the ring of a source, which is bounded. Viewers read the ring, each
// from where it is; one that falls behind the oldest line in it gets a marker, and others do not notice.
//
// What a connection ends with says little. A clean end may be a kubelet's that was killed, or its limit of four hours; only
// the container's state says that there is nothing more. The next connection repeats whole seconds, and stamps are neither in
// order nor different from each other: the position remembers what was delivered of the newest two seconds, by stamp and
// hash, and how often, and drops as much of it. The lines of a file come in one order, so what a new connection begins with
// must be known; if it is not, the file was rotated in between, and a marker says that lines may be missing.
//
// A viewer that wants what the ring no longer has reads it by a connection of its own, and goes over to the ring as a
// follower goes over to its next connection.
package podlogs
