package httpapi

import (
	"net"

	"golang.org/x/net/netutil"
)

// limitListener bounds the connections that are open at once; further ones wait to be accepted.
func limitListener(l net.Listener, most int) net.Listener { return netutil.LimitListener(l, most) }
