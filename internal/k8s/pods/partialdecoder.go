package pods

import (
	"bytes"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
)

// Most of a Pod is what this program sent itself, and who manages which field: decoding all of it would be waste. Of the
// protobuf of watches, lists and answers only those fields are decoded that the observer reads. Client-go does the rest.

// The decoded fields, by their numbers in the API's generated.proto files.
const (
	unknownType, unknownRaw, typeKind = 1, 2, 2 // runtime.Unknown, TypeMeta

	eventType, eventObject, extensionRaw = 1, 2, 1 // WatchEvent, RawExtension

	objectMeta, podSpec, podStatus = 1, 2, 3
	listMeta, listItems            = 1, 2

	metaName, metaUID, metaVersion, metaCreated, metaDeleted, metaLabels, metaAnnotations = 1, 5, 6, 8, 9, 11, 12

	specNode, specInits, specTolerations = 10, 20, 22
	containerName, containerPolicy       = 1, 24
	entryKey, entryValue                 = 1, 2
)

// prefix is what Kubernetes puts before protobuf.
var prefix = []byte("k8s\x00")

// partialCodecs are a scheme's, but from protobuf they decode of Pods that are watched or listed, and of answers that are
// metadata alone, only what is observed, and they do not copy watch events. A Pod that is read by a GET is whole.
type partialCodecs struct {
	runtime.NegotiatedSerializer
	infos []runtime.SerializerInfo
}

func newPartialCodecs(scheme *runtime.Scheme) partialCodecs {
	whole := serializer.NewCodecFactory(scheme).WithoutConversion()
	infos := slices.Clone(whole.SupportedMediaTypes())
	for i := range infos {
		if t := &infos[i]; t.MediaType == runtime.ContentTypeProtobuf {
			stream := *t.StreamSerializer
			stream.Serializer = partialDecoder{stream.Serializer}
			t.Serializer, t.StreamSerializer = partialDecoder{t.Serializer}, &stream
		}
	}
	return partialCodecs{whole, infos}
}

// SupportedMediaTypes implements runtime.NegotiatedSerializer.
func (c partialCodecs) SupportedMediaTypes() []runtime.SerializerInfo { return c.infos }

// partialDecoder decodes the types it knows, and leaves the others to the Serializer.
type partialDecoder struct{ runtime.Serializer }

// Decode implements runtime.Decoder.
func (d partialDecoder) Decode(
	data []byte, kind *schema.GroupVersionKind, into runtime.Object,
) (runtime.Object, *schema.GroupVersionKind, error) {
	if event, is := into.(*metav1.WatchEvent); is {
		*event = metav1.WatchEvent{}
		return event, kind, decodeEvent(data, event)
	}
	name, raw := unwrap(data)
	switch list, isList := into.(*corev1.PodList); {
	case name == "Pod" && into == nil:
		pod := new(corev1.Pod)
		return pod, kind, decodePod(raw, pod)
	case name == "PartialObjectMetadata" && into == nil:
		answer := new(metav1.PartialObjectMetadata)
		return answer, kind, decodePartial(raw, answer)
	case name == "PodList" && isList:
		*list = corev1.PodList{}
		return list, kind, decodeList(raw, list)
	}
	return d.Serializer.Decode(data, kind, into)
}

// unwrap opens the envelope, a runtime.Unknown: it returns the kind of the object in it, and its bytes; no kind: it is no such
// envelope.
func unwrap(data []byte) (kind string, raw []byte) {
	data, is := bytes.CutPrefix(data, prefix)
	if !is {
		return "", nil
	}
	err := eachField(data, func(n protowire.Number, v []byte) error {
		switch n {
		case unknownType:
			return eachField(v, func(n protowire.Number, v []byte) error {
				if n == typeKind {
					kind = string(v)
				}
				return nil
			})
		case unknownRaw:
			raw = v
		}
		return nil
	})
	if err != nil {
		return "", nil
	}
	return kind, raw
}

// decodeEvent does not copy the object: client-go decodes it before the next event is read.
func decodeEvent(data []byte, into *metav1.WatchEvent) error {
	return eachField(data, func(n protowire.Number, v []byte) error {
		switch n {
		case eventType:
			into.Type = string(v)
		case eventObject:
			return eachField(v, func(n protowire.Number, v []byte) error {
				if n == extensionRaw {
					into.Object.Raw = v
				}
				return nil
			})
		}
		return nil
	})
}

func decodePartial(raw []byte, into *metav1.PartialObjectMetadata) error {
	return eachField(raw, func(n protowire.Number, v []byte) error {
		if n == objectMeta {
			return decodeObjectMeta(v, &into.ObjectMeta)
		}
		return nil
	})
}

func decodeList(raw []byte, into *corev1.PodList) error {
	return eachField(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case listMeta:
			return into.ListMeta.Unmarshal(v)
		case listItems:
			into.Items = append(into.Items, corev1.Pod{})
			return decodePod(v, &into.Items[len(into.Items)-1])
		}
		return nil
	})
}

func decodePod(raw []byte, into *corev1.Pod) error {
	return eachField(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case objectMeta:
			return decodeObjectMeta(v, &into.ObjectMeta)
		case podSpec:
			return decodeSpec(v, &into.Spec)
		case podStatus:
			return into.Status.Unmarshal(v)
		}
		return nil
	})
}

func decodeObjectMeta(raw []byte, into *metav1.ObjectMeta) error {
	return eachField(raw, func(n protowire.Number, v []byte) (err error) {
		switch n {
		case metaName:
			into.Name = string(v)
		case metaUID:
			into.UID = types.UID(v)
		case metaVersion:
			into.ResourceVersion = string(v)
		case metaCreated:
			err = into.CreationTimestamp.Unmarshal(v)
		case metaDeleted:
			if into.DeletionTimestamp == nil {
				into.DeletionTimestamp = new(metav1.Time)
			}
			err = into.DeletionTimestamp.Unmarshal(v)
		case metaLabels:
			into.Labels, err = decodeEntry(v, into.Labels)
		case metaAnnotations:
			into.Annotations, err = decodeEntry(v, into.Annotations)
		}
		return err
	})
}

// decodeEntry adds an entry to a map if it is the program's own. The event is left out: only a GET needs it.
func decodeEntry(raw []byte, all map[string]string) (map[string]string, error) {
	var key, value []byte
	err := eachField(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case entryKey:
			key = v
		case entryValue:
			value = v
		}
		return nil
	})
	if err != nil || !isObserved(string(key)) {
		return all, err
	}
	if all == nil {
		all = make(map[string]string, 8)
	}
	all[string(key)] = string(value)
	return all, nil
}

// isObserved reports whether something depends on a label or an annotation of this name.
func isObserved(key string) bool {
	own := strings.HasPrefix(key, k8s.LabelPrefix) && key != annotationEvent
	return own || key == k8s.LabelManagedBy || key == templates.MainKey
}

func decodeSpec(raw []byte, into *corev1.PodSpec) error {
	return eachField(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case specNode:
			into.NodeName = string(v)
		case specInits:
			into.InitContainers = append(into.InitContainers, corev1.Container{})
			return decodeContainer(v, &into.InitContainers[len(into.InitContainers)-1])
		case specTolerations:
			into.Tolerations = append(into.Tolerations, corev1.Toleration{})
			return into.Tolerations[len(into.Tolerations)-1].Unmarshal(v)
		}
		return nil
	})
}

func decodeContainer(raw []byte, into *corev1.Container) error {
	return eachField(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case containerName:
			into.Name = string(v)
		case containerPolicy:
			into.RestartPolicy = new(corev1.ContainerRestartPolicy(v))
		}
		return nil
	})
}
