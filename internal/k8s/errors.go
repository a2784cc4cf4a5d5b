package k8s

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// translate says in the domain's terms what a failed request means, with the server's words.
func translate(verb, name string, err error) error {
	return fmt.Errorf("%s pod %q: %w: %s", verb, name, meaning(err), words(err))
}

// words is what the server said, bounded and clean: policies and webhooks write it. Where nobody answered, the
// request's long URL tells nothing.
func words(err error) string {
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err
	}
	return line(err.Error(), maxMessage)
}

func meaning(err error) error {
	if errors.Is(err, errNotLeading) {
		return worker.ErrUnavailable
	}
	var answer apierrors.APIStatus
	if errors.As(err, &answer) {
		return answered(answer.Status())
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return worker.ErrUnavailable // nothing was sent
	}
	return worker.ErrUnknown
}

// answered sorts an answer by its code. Busy and Denied promise that the request did nothing, so a 5xx is Unknown:
// etcd may have committed what the API server then timed out on.
func answered(s metav1.Status) error {
	switch {
	case strings.Contains(s.Message, "denied the request"): // a webhook, which chooses its code
		return worker.ErrRefused
	case s.Code == http.StatusTooManyRequests, s.Code == http.StatusConflict: // a conflict: the quota's, under load
		return worker.ErrUnavailable
	case s.Code >= http.StatusInternalServerError, s.Code == http.StatusRequestTimeout:
		return worker.ErrUnknown
	case s.Code == http.StatusUnauthorized, s.Code == http.StatusNotFound: // not found: the namespace
		return worker.ErrForbidden
	case s.Code == http.StatusForbidden && deniesUs(s):
		return worker.ErrForbidden
	case s.Code >= http.StatusBadRequest:
		return worker.ErrRefused
	}
	return worker.ErrUnknown
}

// deniesUs tells a 403 that is about us, or about the whole namespace, from one that is about this Pod: quota, Pod
// Security, an admission policy. Authorization is the one that speaks of a verb and a resource.
func deniesUs(s metav1.Status) bool {
	if s.Details != nil {
		for _, cause := range s.Details.Causes {
			if cause.Type == corev1.NamespaceTerminatingCause {
				return true
			}
		}
	}
	_, said, _ := strings.Cut(s.Message, " is forbidden: ")
	return strings.HasPrefix(said, "User ") && strings.Contains(said, " cannot ") && strings.Contains(said, "resource \"pods\"")
}
