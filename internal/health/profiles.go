package health

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof" // it also registers on the default mux, which is not served
	"time"
)

// profileTimeout allows for a profile of a minute.
const profileTimeout = 2 * time.Minute

// NewProfiles returns a Server of Go's profiles under /debug/pprof/. Profiles show memory and therefore secrets: any address
// but a loopback one is refused.
func NewProfiles(addr string, log *slog.Logger) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("got %q, takes a loopback address such as 127.0.0.1:6060", addr)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	s := newServer(addr, mux, log)
	s.http.WriteTimeout = profileTimeout
	return s, nil
}
