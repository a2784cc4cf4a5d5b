// Package catalog knows which events there are, so that a page of a list costs one round trip to Redis whatever the number of
// events: for each it has the ID, whether it is open, a hash of its task and its queue, about 60 bytes. What an event is like
// stands in its record, which a page reads.
//
// It is loaded from the open set, whose records are read once in pages, and the status stream, and then follows the hub. When the
// hub lost its place it is loaded anew; what was known is served meanwhile.
package catalog
