package podlogs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	maxAnswer  = 64 << 10 // bytes of an answer that is no log
	maxMessage = 1 << 10
)

// answer is what the API server's answer to a request means.
type answer int

const (
	answerOK        answer = iota
	answerCut              // no answer, or the connection was cut
	answerWaiting          // the container has not started
	answerGone             // the Pod is gone
	answerForbidden        //
	answerInvalid          // the request is at fault: it will never be accepted
	answerFailed           // try again: overload, a kubelet that restarts
)

// PermissionError means that the API server does not allow what is needed.
type PermissionError struct {
	Permission string // what `kubectl auth can-i` takes
	Message    string // the API server's
}

// Error implements error.
func (e *PermissionError) Error() string {
	return fmt.Sprintf("not permitted: needs `%s` (test it with `kubectl auth can-i %[1]s`): %s", e.Permission, e.Message)
}

// status is the part of a Kubernetes Status that is read.
type status struct {
	Message string
	Details struct{ Kind string }
}

// readStatus reads the body of a failed request.
func readStatus(res *http.Response) status {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer)) // what there is of it
	var s status
	if json.Unmarshal(body, &s) != nil || s.Message == "" {
		s.Message = res.Status + " " + string(body)
	}
	s.Message = text.Line(s.Message, maxMessage)
	return s
}

// classify says what an answer means.
func classify(res *http.Response) (answer, string) {
	switch res.StatusCode {
	case http.StatusOK:
		return answerOK, ""
	case http.StatusNoContent: // no node yet
		return answerWaiting, "not scheduled to a node"
	}
	s := readStatus(res)
	switch code := res.StatusCode; {
	case code == http.StatusNotFound && s.Details.Kind == "pods":
		return answerGone, s.Message
	case code == http.StatusForbidden:
		return answerForbidden, s.Message
	case code == http.StatusBadRequest && strings.Contains(s.Message, "is waiting to start"):
		return answerWaiting, s.Message
	case code == http.StatusBadRequest && strings.Contains(s.Message, "is not valid for pod"), code == http.StatusUnprocessableEntity:
		return answerInvalid, s.Message
	}
	return answerFailed, s.Message
}
