// Package httpapi is the HTTP API v1 of `ottoscaler serve`: what api/openapi.yaml describes.
//
// A request passes, in this order: the check for foreign origins, the token, the limit of its client, the right to the route, and then
// its handler. A handler returns a value or a *Problem; nothing else writes an answer,
// but for the event stream. A token that is bound to queues sees of everything else only that it is not there.
package httpapi
