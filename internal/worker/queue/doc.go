// Package queue decides which event starts its next worker, when the API server is asked, and what its answers mean for
// those that wait. It is pure: no goroutine, no clock, no map order in its results.
//
// A queue is whose work it is. Its open events of one template are a line, and those of a line that differ in nothing the API
// server could refuse are a lane. A place is the right to have a Pod, a permit the right to have a POST in flight. Next takes
// both:
//
//	due trial of a lane that failed        one of a template at a time, the least recently tried first
//	else the template whose first line     one that has most of the permits leaves the rest to the second
//	  of the queue with the least share    places held / weight; every eighth by age, where creates are what is short
//	    has the first lane                 whose breaker is closed, with its window not used up
//	      with the first event             accepted first, priorities counted as minutes
//
// Answer gives the permit back, and the place if no Pod can have come of it, and moves what the answer is about: the event (it
// is refused), its lane (breaker, window, quota) or the API server (limiter, rest). Nothing of that outlives the process: it
// is counted or learned anew from the open records and the Pods that exist.
//
// All that may start stands in heaps of heaps. Whatever changes an order is lifted off, changed, and put back, so every call
// costs O(k log n), k being the templates of one queue, and nothing looks at all events.
package queue
