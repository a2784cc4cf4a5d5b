package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	namespace = "default" // that of devcluster's kubeconfig
	selector  = "managed-by=ottoscaler"

	labelEvent = "ottoscaler.io/event-id"
	labelIndex = "ottoscaler.io/worker-index"
)

// pods reads Pods as any client of the cluster can.
type pods struct{ api *rest.RESTClient }

func newPods(kubeconfig string) (pods, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return pods{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return pods{}, err
	}
	cfg.APIPath, cfg.GroupVersion, cfg.UserAgent = "/api", &corev1.SchemeGroupVersion, "demo"
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	api, err := rest.RESTClientFor(cfg)
	if err != nil {
		return pods{}, fmt.Errorf("preparing the Kubernetes client: %w", err)
	}
	return pods{api}, nil
}

// watch reports every change until ctx ends; ready is closed when it has started.
func (p pods) watch(ctx context.Context, ready chan<- struct{}, each func(update)) {
	source := cache.NewFilteredListWatchFromClient(p.api, "pods", namespace, func(o *metav1.ListOptions) { o.LabelSelector = selector })
	_, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: source,
		ObjectType:    &corev1.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(pod any) { each(observe(pod, false)) },
			UpdateFunc: func(_, pod any) { each(observe(pod, false)) },
			DeleteFunc: func(pod any) { each(observe(pod, true)) },
		},
	})
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), controller.HasSynced) {
			close(ready)
		}
	}()
	controller.RunWithContext(ctx)
}

// observe is called at the time of the change.
func observe(object any, gone bool) podObservation {
	s := podObservation{at: time.Now(), gone: gone}
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return s
	}
	s.name, s.event, s.node, s.phase = pod.Name, pod.Labels[labelEvent], pod.Spec.NodeName, string(pod.Status.Phase)
	s.slot, _ = strconv.Atoi(pod.Labels[labelIndex])
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Waiting != nil {
			s.reason = c.State.Waiting.Reason
		}
		if ended := c.State.Terminated; ended != nil {
			s.reason = fmt.Sprintf("exit code %d", ended.ExitCode)
		}
	}
	return s
}

// follow reads a Pod's log to its end while it is written.
func (p pods) follow(ctx context.Context, name string, each func(update)) {
	body, err := p.api.Get().Namespace(namespace).Resource("pods").Name(name).SubResource("log").Param("follow", "true").Stream(ctx)
	if err != nil {
		each(logLine{at: time.Now(), worker: name, end: true, err: err})
		return
	}
	defer func() { _ = body.Close() }()
	each(logLine{at: time.Now(), worker: name, end: true, err: readLines(body, func(line string) {
		each(logLine{at: time.Now(), worker: name, text: line})
	})})
}

func readLines(r io.Reader, each func(string)) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		each(lines.Text())
	}
	return lines.Err()
}
