package k8s

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Labels, for selecting, and annotations, for what is exact. Those of one name exist as both.
const (
	ours = "ottoscaler.io/"

	labelManagedBy = "managed-by"
	labelApp       = "app"
	managedBy      = "ottoscaler"
	app            = "otto-agent"
	recommended    = "app.kubernetes.io/"

	keyInstance = ours + "instance"
	keyEventID  = ours + "event-id"
	keyIndex    = ours + "worker-index"
	keyAttempt  = ours + "attempt"
	labelTask   = ours + "task"

	noteTaskID = ours + "task-id"
	noteCount  = ours + "worker-count"
	noteStream = ours + "stream"
	noteEvent  = ours + "event" // the whole event as JSON: what a record is rebuilt from

	noteMaxWorkers = ours + "max-workers" // on the Lease: its holder's setting
)

// pod builds the Pod of one attempt from its template.
func (c *Client) pod(p worker.PodSpec) (*corev1.Pod, error) {
	template, known := c.Templates.of(p.Event.Template)
	if !known {
		return nil, fmt.Errorf("creating pod %q: %w: there is no template %q any more", p.Name, worker.ErrRefused, p.Event.Template)
	}
	notes, err := c.notes(p)
	if err != nil {
		return nil, fmt.Errorf("creating pod %q: %w: %w", p.Name, worker.ErrRefused, err)
	}
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = p.Name, c.Namespace
	pod.Labels = over(pod.Labels, c.labels(p))
	pod.Annotations = over(pod.Annotations, notes)
	fill(&pod.Spec, p)
	return pod, nil
}

func (c *Client) labels(p worker.PodSpec) map[string]string {
	id := p.Event.EventID.String()
	labels := map[string]string{
		labelManagedBy: managedBy,
		labelApp:       app,

		recommended + "name":       app,
		recommended + "instance":   c.Instance,
		recommended + "component":  "worker",
		recommended + "managed-by": managedBy,
		recommended + "part-of":    managedBy,

		keyInstance: c.Instance,
		keyEventID:  id,
		keyIndex:    strconv.Itoa(p.Slot),
		keyAttempt:  strconv.Itoa(p.Attempt),
	}
	if task := p.Event.TaskID(); task != "" {
		labels[labelTask] = labelValue(task)
	}
	return labels
}

func (c *Client) notes(p worker.PodSpec) (map[string]string, error) {
	event, err := c.eventNote(p.Event)
	if err != nil {
		return nil, fmt.Errorf("writing the event into an annotation: %w", err)
	}
	return map[string]string{
		noteTaskID:  p.Event.TaskID(),
		keyEventID:  p.Event.EventID.String(),
		keyIndex:    strconv.Itoa(p.Slot),
		keyAttempt:  strconv.Itoa(p.Attempt),
		noteCount:   strconv.Itoa(p.Event.PodCount),
		keyInstance: c.Instance,
		noteStream:  c.Stream,
		noteEvent:   event,
	}, nil
}

// eventNote is the event as JSON. Pods of one event are built one after the other, so the last text is kept.
func (c *Client) eventNote(e *event.Event) (string, error) {
	if last := c.lastNote.Load(); last != nil && last.event == e {
		return last.text, nil
	}
	clean := *e
	clean.Timestamp = sane(e.Timestamp)
	text, err := json.Marshal(clean)
	if err != nil {
		return "", err
	}
	c.lastNote.Store(&eventNote{e, string(text)})
	return string(text), nil
}

type eventNote struct {
	event *event.Event // which is never changed
	text  string
}

// fill puts into the spec the little an event may say: environment variables and a shorter deadline.
func fill(spec *corev1.PodSpec, p worker.PodSpec) {
	env := variables(p)
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			containers[i].Env = append(slices.Clip(env), containers[i].Env...)
		}
	}
	if d := p.Event.Deadline; d > 0 {
		spec.ActiveDeadlineSeconds = new(seconds(d))
	}
}

// seconds rounds up: 0 would be no legal deadline.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// over adds the entries of a template that ours leave free.
func over(template, ours map[string]string) map[string]string {
	for k, v := range template {
		if _, taken := ours[k]; !taken {
			ours[k] = v
		}
	}
	return ours
}

// labelValue makes a legal label value of any text: itself if it is one, else what is legal of it and a hash of all
// of it. It is for selecting; the exact text stands in the annotation.
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
