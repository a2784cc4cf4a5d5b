package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// audit counts Ottoscaler's requests to the API server.
type audit struct{ posts, deletes, uids int } // uids: DELETEs with a UID precondition

// readAudit counts Ottoscaler's requests that create or delete Pods, whatever the response. The kubelet deletes Pods, too, to
// confirm their end: the user agent distinguishes them.
func readAudit(r io.Reader) (audit, error) {
	var a audit
	for lines := json.NewDecoder(r); ; {
		var e struct {
			Verb      string
			UserAgent string
			ObjectRef struct{ Resource, Subresource string }

			RequestObject struct {
				Preconditions struct{ UID string }
			}
		}
		switch err := lines.Decode(&e); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // the last line may be incomplete
			return a, nil
		case err != nil:
			return a, err
		}
		if e.ObjectRef.Resource != "pods" || e.ObjectRef.Subresource != "" || !strings.HasPrefix(e.UserAgent, "ottoscaler/") {
			continue
		}
		switch e.Verb {
		case "create":
			a.posts++
		case "delete", "deletecollection":
			a.deletes++
			if e.RequestObject.Preconditions.UID != "" {
				a.uids++
			}
		}
	}
}
