package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

const maxProfile = 2 * time.Minute

// loopback checks where profiles are to be served: they show what is in memory, so nobody but this machine may ask. A host
// name is refused, since it may mean another address tomorrow. Empty: nowhere.
func loopback(address string) error {
	if address == "" {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("--pprof: got %q, takes a loopback address with a port such as 127.0.0.1:6060", address)
	}
	return nil
}

// profiles serves pprof's profiles of this process until stop is called, which returns when all is over. net/http/pprof
// would do as much, but is on http.DefaultServeMux as soon as it is imported. Without an address it ends the sampling of
// allocations, which the runtime begins in every program that can be asked for them.
func profiles(address string, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		runtime.MemProfileRate = 0
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serving profiles: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler: profileMux(), ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	log.Warn("profiles are served", "address", "http://"+listener.Addr().String()+"/debug/pprof/heap")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("profiles are not served any more", "error", err)
		}
	}()
	return func() {
		cancel()
		_ = server.Close() // a profile that is being taken is cut off
		<-done
	}, nil
}

func profileMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/profile", cpuProfile)
	mux.HandleFunc("GET /debug/pprof/{name}", namedProfile)
	return mux
}

// namedProfile serves heap, allocs, goroutine and their like.
func namedProfile(w http.ResponseWriter, r *http.Request) {
	profile := pprof.Lookup(r.PathValue("name"))
	if profile == nil {
		http.NotFound(w, r)
		return
	}
	if r.PathValue("name") == "heap" && r.FormValue("gc") != "" {
		runtime.GC()
	}
	debug, _ := strconv.Atoi(r.FormValue("debug")) // 0: for `go tool pprof`
	_ = profile.WriteTo(w, debug)                  // whoever asked is gone
}

// cpuProfile takes a profile for so many seconds, 30 unless the request says otherwise.
func cpuProfile(w http.ResponseWriter, r *http.Request) {
	length := 30 * time.Second
	if n, err := strconv.Atoi(r.FormValue("seconds")); err == nil && n > 0 {
		length = min(time.Duration(n)*time.Second, maxProfile)
	}
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, err.Error(), http.StatusConflict) // one is being taken
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(length):
	case <-r.Context().Done():
	}
}
