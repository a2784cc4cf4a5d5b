# For those who have Docker: docker build --build-arg VERSION=$(git describe --tags --always) -t ottoscaler .
# `make image` makes the same from the same source without it, reproducibly.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY cmd cmd
COPY internal internal
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$VERSION" -o /ottoscaler ./cmd/app

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /ottoscaler /ottoscaler
USER 65532:65532
EXPOSE 8080
HEALTHCHECK CMD ["/ottoscaler", "healthcheck"]
ENTRYPOINT ["/ottoscaler"]
