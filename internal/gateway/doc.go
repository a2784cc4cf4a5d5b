// Package gateway is the role `ottoscaler serve`: it tells people and programs what happens. New wires everything and starts
// nothing; Run serves until its context ends.
//
// It is stateless, and any number of replicas may run. It reads Redis and Kubernetes and calls no Main Pod; it writes to Redis only
// what a producer or an operator would send, where OTTO_API_WRITE allows it. Without Redis or Kubernetes it serves what it can.
package gateway
