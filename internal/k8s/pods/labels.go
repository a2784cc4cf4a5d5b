package pods

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	klabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Labels are for selecting, annotations for exact values. A key exists as both.
const (
	keyInstance = k8s.LabelPrefix + "instance"
	keyEventID  = k8s.LabelPrefix + "event-id"
	keyIndex    = k8s.LabelPrefix + "worker-index"
	keyAttempt  = k8s.LabelPrefix + "attempt"
	keyQueue    = k8s.LabelPrefix + "queue"

	labelTask = k8s.LabelPrefix + "task"

	annotationTaskID = k8s.LabelPrefix + "task-id"
	annotationCount  = k8s.LabelPrefix + "worker-count"
	annotationStream = k8s.LabelPrefix + "stream"
	annotationEvent  = k8s.LabelPrefix + "event" // the whole event as JSON: a lost record is rebuilt from it
)

// podLabels are those of one attempt.
func podLabels(instance string, p worker.PodSpec) map[string]string {
	labels := templates.Labels(instance)
	labels[keyInstance] = instance
	labels[keyEventID] = p.Event.EventID.String()
	labels[keyIndex] = strconv.Itoa(p.Slot)
	labels[keyAttempt] = strconv.Itoa(p.Attempt)
	labels[keyQueue] = labelValue(queueOf(p.Event))
	if task := p.Event.TaskID(); task != "" {
		labels[labelTask] = labelValue(task)
	}
	return labels
}

// queueOf is the queue of an event, whether or not it was decoded.
func queueOf(e *event.Event) string { return cmp.Or(e.Queue, event.DefaultQueue) }

// selector selects the Pods of this installation that have some further labels.
func (c *Client) selector(further map[string]string) string {
	set := klabels.Set{k8s.LabelManagedBy: k8s.ManagedBy, keyInstance: c.observer.instance}
	return klabels.Merge(set, further).String()
}

// Selector selects the Pods of an event of an installation, or of one of its workers; slot 0: of all. The command `logs` and the
// gateway watch them by it.
func Selector(instance string, id event.ID, slot int) string {
	set := klabels.Set{k8s.LabelManagedBy: k8s.ManagedBy, keyInstance: instance, keyEventID: id.String()}
	if slot > 0 {
		set[keyIndex] = strconv.Itoa(slot)
	}
	return set.String()
}

// labelValue makes a legal label value of any text: the text itself if it is one, else its legal characters and a hash of all
// of it. The exact text is in the annotation.
func labelValue(s string) string {
	if len(validation.IsValidLabelValue(s)) == 0 {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	hash := hex.EncodeToString(sum[:4])
	legal := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-_.", r):
			return r
		}
		return '-'
	}, s)
	legal = legal[:min(len(legal), validation.LabelValueMaxLength-1-len(hash))]
	legal = strings.TrimLeft(legal, "-_.")
	if legal == "" {
		return hash
	}
	return legal + "-" + hash
}
