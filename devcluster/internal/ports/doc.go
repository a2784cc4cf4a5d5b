// Package ports allocates ports and address ranges that no other cluster on this machine uses.
package ports
