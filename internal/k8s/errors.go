package k8s

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	maxMessage = 1 << 10 // bytes of a message
	maxVersion = 64      // bytes of a server's version
)

// ServerMessage is what the API server answered, bounded and clean: policies and webhooks write it. Without an answer it is
// the cause, without the request's long URL. The packages pods, leader and recorder put it into errors and log lines.
func ServerMessage(err error) string {
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err
	}
	return text.Line(err.Error(), maxMessage)
}

// IsNotFound is false for the 404 of something that is no API server: a proxy, a wrong path. The packages pods and leader
// take only the API server's own answer for the absence of an object.
func IsNotFound(err error) bool {
	return apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// Meaning translates a failed request about Pods into one of the errors of package worker. Package pods calls it.
func Meaning(err error) error {
	if errors.Is(err, ErrNotLeading) {
		return worker.ErrUnavailable
	}
	var answer apierrors.APIStatus
	if errors.As(err, &answer) {
		return statusMeaning(answer.Status())
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return worker.ErrUnavailable // nothing was sent
	}
	return worker.ErrUnknown
}

// statusMeaning goes by the code of an answer. All but ErrUnknown promise that the request did nothing, so a 5xx is ErrUnknown:
// etcd may have committed what the API server then timed out on. Webhooks are called before etcd.
func statusMeaning(s metav1.Status) error {
	switch {
	case strings.Contains(s.Message, "denied the request"): // a webhook, which chooses its code
		return worker.ErrRefused
	case s.Code >= http.StatusInternalServerError && strings.Contains(s.Message, "failed calling webhook"):
		return worker.ErrAdmission
	case s.Code == http.StatusForbidden && strings.Contains(s.Message, "exceeded quota"):
		return worker.ErrQuota
	case s.Code == http.StatusTooManyRequests, s.Code == http.StatusConflict: // a conflict: the quota's, under load
		return worker.ErrUnavailable
	case s.Code >= http.StatusInternalServerError, s.Code == http.StatusRequestTimeout:
		return worker.ErrUnknown
	case s.Code == http.StatusUnauthorized, s.Code == http.StatusNotFound: // not found: the namespace
		return worker.ErrForbidden
	case s.Code == http.StatusForbidden && deniesAccess(s):
		return worker.ErrForbidden
	case s.Code >= http.StatusBadRequest:
		return worker.ErrRefused
	}
	return worker.ErrUnknown
}

// deniesAccess tells a 403 about this account, or about the whole namespace, from one about the Pod: quota, Pod Security, an
// admission policy. Authorization is the one that names a verb and a resource.
func deniesAccess(s metav1.Status) bool {
	if s.Details != nil {
		for _, cause := range s.Details.Causes {
			if cause.Type == corev1.NamespaceTerminatingCause {
				return true
			}
		}
	}
	_, why, _ := strings.Cut(s.Message, " is forbidden: ")
	return strings.HasPrefix(why, "User ") && strings.Contains(why, " cannot ") && strings.Contains(why, "resource \"pods\"")
}
