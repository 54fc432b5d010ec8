// Package main is the S3 gateway as the cluster and the tests need it: buckets are folders, one account, plain HTTP.
// The gateway's own program brings its test suite and Azure's SDK along, which take a minute more to compile.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// What the gateway's own program takes when it is not told.
const (
	connections = 250_000
	requests    = 100_000
	parts       = 10_000
	actions     = 5_000
)

func main() {
	port := flag.String("port", "127.0.0.1:7070", "the `address` to listen at")
	health := flag.String("health", "/health", "the `path` that answers 200 as soon as requests are served")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatalf("the folder of the buckets must be the only argument, not %q", flag.Args())
	}
	buckets, err := posix.New(flag.Arg(0), meta.XattrMeta{}, posix.PosixOpts{Concurrency: actions})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err = embedgw.RunVersityGW(ctx, buckets, &embedgw.Config{
		RootUserAccess:    os.Getenv("ROOT_ACCESS_KEY"),
		RootUserSecret:    os.Getenv("ROOT_SECRET_KEY"),
		Ports:             []string{*port},
		HealthPath:        *health,
		MaxConnections:    connections,
		MaxRequests:       requests,
		MultipartMaxParts: parts,
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}
