package queue

// heap is a binary heap that knows where each item is, so that one whose order changed is moved in O(log n). Its order must
// be total: then neither its top nor its second depends on how it came about.
type heap[T any] struct {
	items  []T
	before func(a, b T) bool
	at     func(T) *int32 // where an item keeps its place, from 1; 0: not in the heap
}

// worthShrinking is the capacity below which a heap keeps its memory.
const worthShrinking = 256

func (h *heap[T]) len() int { return len(h.items) }

// top is the first item. The heap is not empty.
func (h *heap[T]) top() T { return h.items[0] }

// second is the first item but the top; false: there is none.
func (h *heap[T]) second() (x T, ok bool) {
	switch n := len(h.items); {
	case n < 2:
		return x, false
	case n == 2 || h.before(h.items[1], h.items[2]):
		return h.items[1], true
	}
	return h.items[2], true
}

// put adds an item, or moves one whose order changed. Of several that changed all but one are dropped first.
func (h *heap[T]) put(x T) {
	p := h.at(x)
	if *p == 0 {
		h.items = append(h.items, x)
		*p = int32(len(h.items))
	}
	h.fix(int(*p) - 1)
}

// drop takes an item out; nothing happens if it is not in the heap.
func (h *heap[T]) drop(x T) {
	p := h.at(x)
	if *p == 0 {
		return
	}
	i, last := int(*p)-1, len(h.items)-1
	h.swap(i, last)
	var zero T
	h.items[last] = zero
	h.items = h.items[:last]
	*p = 0
	if i < last {
		h.fix(i)
	}
	h.shrink()
}

// shrink gives memory back once three quarters of it are unused.
func (h *heap[T]) shrink() {
	if c := cap(h.items); c >= worthShrinking && len(h.items) < c/4 {
		h.items = append(make([]T, 0, c/2), h.items...)
	}
}

func (h *heap[T]) swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	*h.at(h.items[i]), *h.at(h.items[j]) = int32(i+1), int32(j+1)
}

func (h *heap[T]) fix(i int) {
	if !h.up(i) {
		h.down(i)
	}
}

func (h *heap[T]) up(i int) bool {
	from := i
	for i > 0 {
		parent := (i - 1) / 2
		if !h.before(h.items[i], h.items[parent]) {
			break
		}
		h.swap(i, parent)
		i = parent
	}
	return i != from
}

func (h *heap[T]) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.items) {
			return
		}
		if child+1 < len(h.items) && h.before(h.items[child+1], h.items[child]) {
			child++
		}
		if !h.before(h.items[child], h.items[i]) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
