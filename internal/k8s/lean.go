package k8s

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
)

// What the API server shows of a Pod is mostly what we sent ourselves, and who manages which field. Decoding all of it
// would be waste. So of the protobuf of watches, lists and answers only those fields are read that
// somebody asks for; their numbers are those of the API's generated.proto files. All else is left to client-go.

// The fields we read.
const (
	unknownType, unknownRaw, typeKind = 1, 2, 2 // runtime.Unknown, TypeMeta

	eventType, eventObject, extensionRaw = 1, 2, 1 // WatchEvent, RawExtension

	objectMeta, podSpec, podStatus = 1, 2, 3
	listMeta, listItems            = 1, 2

	metaName, metaUID, metaVersion, metaCreated, metaDeleted, metaLabels, metaAnnotations = 1, 5, 6, 8, 9, 11, 12

	specNode, specInits            = 10, 20
	containerName, containerPolicy = 1, 24
	entryKey, entryValue           = 1, 2
)

// magic is what Kubernetes puts before protobuf.
var magic = []byte("k8s\x00")

// leanCodecs are a scheme's, but in protobuf Pods that are watched or listed have what is observed and nothing else, so do
// answers that are metadata alone, and watch events are not copied. A Pod that is read by a GET is whole.
type leanCodecs struct {
	runtime.NegotiatedSerializer
	infos []runtime.SerializerInfo
}

func newLeanCodecs(scheme *runtime.Scheme) leanCodecs {
	whole := serializer.NewCodecFactory(scheme).WithoutConversion()
	infos := slices.Clone(whole.SupportedMediaTypes())
	for i := range infos {
		if t := &infos[i]; t.MediaType == protobuf {
			stream := *t.StreamSerializer
			stream.Serializer = lean{stream.Serializer}
			t.Serializer, t.StreamSerializer = lean{t.Serializer}, &stream
		}
	}
	return leanCodecs{whole, infos}
}

// SupportedMediaTypes implements runtime.NegotiatedSerializer.
func (c leanCodecs) SupportedMediaTypes() []runtime.SerializerInfo { return c.infos }

// lean decodes what it knows, and leaves the rest to the Serializer.
type lean struct{ runtime.Serializer }

// Decode implements runtime.Decoder.
func (l lean) Decode(data []byte, kind *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
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
		return answer, kind, decodeAnswer(raw, answer)
	case name == "PodList" && isList:
		*list = corev1.PodList{}
		return list, kind, decodeList(raw, list)
	}
	return l.Serializer.Decode(data, kind, into)
}

// unwrap takes the envelope off: the kind of what is in it, and its bytes. Without a kind it is no such envelope.
func unwrap(data []byte) (kind string, raw []byte) {
	data, is := bytes.CutPrefix(data, magic)
	if !is {
		return "", nil
	}
	err := walk(data, func(n protowire.Number, v []byte) error {
		switch n {
		case unknownType:
			return walk(v, func(n protowire.Number, v []byte) error {
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

// decodeEvent leaves the object where it is: whoever decodes it does so before the next event is read.
func decodeEvent(data []byte, into *metav1.WatchEvent) error {
	return walk(data, func(n protowire.Number, v []byte) error {
		switch n {
		case eventType:
			into.Type = string(v)
		case eventObject:
			return walk(v, func(n protowire.Number, v []byte) error {
				if n == extensionRaw {
					into.Object.Raw = v
				}
				return nil
			})
		}
		return nil
	})
}

func decodeAnswer(raw []byte, into *metav1.PartialObjectMetadata) error {
	return walk(raw, func(n protowire.Number, v []byte) error {
		if n == objectMeta {
			return decodeMeta(v, &into.ObjectMeta)
		}
		return nil
	})
}

func decodeList(raw []byte, into *corev1.PodList) error {
	return walk(raw, func(n protowire.Number, v []byte) error {
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
	return walk(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case objectMeta:
			return decodeMeta(v, &into.ObjectMeta)
		case podSpec:
			return decodeSpec(v, &into.Spec)
		case podStatus:
			return into.Status.Unmarshal(v)
		}
		return nil
	})
}

func decodeMeta(raw []byte, into *metav1.ObjectMeta) error {
	return walk(raw, func(n protowire.Number, v []byte) (err error) {
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

// decodeEntry adds an entry of ours to a map, but for the event: nobody who watches asks for that.
func decodeEntry(raw []byte, all map[string]string) (map[string]string, error) {
	var key, value []byte
	err := walk(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case entryKey:
			key = v
		case entryValue:
			value = v
		}
		return nil
	})
	if err != nil || !strings.HasPrefix(string(key), ours) || string(key) == noteEvent {
		return all, err
	}
	if all == nil {
		all = make(map[string]string, 8)
	}
	all[string(key)] = string(value)
	return all, nil
}

func decodeSpec(raw []byte, into *corev1.PodSpec) error {
	return walk(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case specNode:
			into.NodeName = string(v)
		case specInits:
			into.InitContainers = append(into.InitContainers, corev1.Container{})
			return decodeContainer(v, &into.InitContainers[len(into.InitContainers)-1])
		}
		return nil
	})
}

func decodeContainer(raw []byte, into *corev1.Container) error {
	return walk(raw, func(n protowire.Number, v []byte) error {
		switch n {
		case containerName:
			into.Name = string(v)
		case containerPolicy:
			into.RestartPolicy = new(corev1.ContainerRestartPolicy(v))
		}
		return nil
	})
}

// walk hands over each field of a message that has bytes: texts and messages. Numbers are passed over.
func walk(message []byte, each func(n protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return fmt.Errorf("reading protobuf: %w", protowire.ParseError(size))
		}
		message = message[size:]
		size = protowire.ConsumeFieldValue(n, kind, message)
		if size < 0 {
			return fmt.Errorf("reading protobuf: %w", protowire.ParseError(size))
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			if err := each(n, value); err != nil {
				return err
			}
		}
		message = message[size:]
	}
	return nil
}
