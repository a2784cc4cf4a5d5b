// Package statusgroup reads the status stream in a consumer group: each entry is handled by one of the replicas that read with the
// same group, and by another one if that dies before it acknowledges. So an entry may be handled more than once, and what is made of
// it must be the same each time.
//
// The Main Pod trims the status stream whether or not a group has read it: who is away for longer than it lasts misses entries.
package statusgroup
