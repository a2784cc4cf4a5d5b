package kubeevents

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// messages are each notice's Reason and Message; an ending has no fix.
func (r *recorded) messages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, n := range r.all {
		if (n.Fix == "") != n.Normal {
			t.Errorf("%+v: a warning has a fix, an ending has none", n)
		}
		all = append(all, n.Reason+": "+n.Message)
	}
	return all
}

func TestPause(t *testing.T) {
	var to recorded
	j := NewEmitter(&to).Journal(fake{})
	for _, p := range []worker.Pause{
		{Queue: "web", On: true, By: "kim", Reason: "etcd upgrade"}, {Queue: "*", On: true, By: "lee", Reason: "r"}, {Queue: "web", By: "kim"}, {Queue: "*", By: "lee"},
	} {
		if err := j.Commit(t.Context(), []worker.Write{p}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`QueuePaused: kim paused queue web: "etcd upgrade"`, `QueuePaused: lee paused all queues: "r"`,
		"QueueResumed: kim resumed queue web", "QueueResumed: lee resumed all queues",
	}
	if diff := cmp.Diff(want, to.messages(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func queueView(name string, lanes ...worker.LaneView) worker.QueueView {
	return worker.QueueView{Name: name, Lanes: lanes}
}

// TestBreakers: a breaker is told of once when it opens and once when it closes, however often its queue is published.
func TestBreakers(t *testing.T) {
	goLane := worker.LaneView{Template: "go", State: worker.LaneOpen, Cause: "admission", Message: "failed calling webhook"}
	builtIn := worker.LaneView{State: worker.LaneOpen, Cause: "refused", Message: "denied"}
	quota := worker.LaneView{Template: "big", State: worker.LaneQuota, Cause: "quota", Message: "exceeded quota"}
	const (
		opened        = `BreakerOpen: queue web: the API server accepts no Pods of template "go" (admission): failed calling webhook`
		closed        = `BreakerClosed: queue web: the API server accepts Pods of template "go" again`
		openedBuiltIn = `BreakerOpen: queue ml: the API server accepts no Pods of the built-in template (refused): denied`
	)
	for name, test := range map[string]struct {
		views []worker.View
		want  []string
	}{
		"opens":             {[]worker.View{{Queues: []worker.QueueView{queueView("web", goLane), queueView("ml", builtIn)}}}, []string{opened, openedBuiltIn}},
		"stays open":        {[]worker.View{{Queues: []worker.QueueView{queueView("web", goLane)}}, {Queues: []worker.QueueView{queueView("web", goLane)}}}, []string{opened}},
		"another queue":     {[]worker.View{{Queues: []worker.QueueView{queueView("web", goLane)}}, {Queues: []worker.QueueView{queueView("ml")}}}, []string{opened}},
		"closes":            {[]worker.View{{Queues: []worker.QueueView{queueView("web", goLane, quota)}}, {Queues: []worker.QueueView{queueView("web", quota)}}}, []string{opened, closed}},
		"opens again":       {[]worker.View{{Queues: []worker.QueueView{queueView("web", goLane)}}, {Queues: []worker.QueueView{queueView("web")}}, {Queues: []worker.QueueView{queueView("web", goLane)}}}, []string{opened, closed, opened}},
		"the queue is gone": {[]worker.View{{Queues: []worker.QueueView{queueView("web", goLane)}}, {Gone: []string{"web"}}, {Queues: []worker.QueueView{queueView("web")}}}, []string{opened}},
		"a full quota":      {[]worker.View{{Queues: []worker.QueueView{queueView("web", quota)}}}, nil},
	} {
		var to recorded
		j := NewEmitter(&to).Journal(fake{})
		for _, v := range test.views {
			if err := j.Commit(t.Context(), []worker.Write{v}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(test.want, to.messages(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestBreakersOfALostReply: what was perhaps not committed is told of once it is.
func TestBreakersOfALostReply(t *testing.T) {
	var to recorded
	view := worker.View{Queues: []worker.QueueView{queueView("web", worker.LaneView{State: worker.LaneOpen})}}
	if err := NewEmitter(&to).Journal(fake{err: errors.New("the reply was lost")}).Commit(t.Context(), []worker.Write{view}); err == nil || len(to.all) > 0 {
		t.Errorf("%v, %+v", err, to.all)
	}
}
