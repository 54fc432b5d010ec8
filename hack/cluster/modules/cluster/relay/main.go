// Package main is the door between the machine and the cluster's network.
//
// It inherits a socket that listens on the machine's loopback (a socket stays
// in the network namespace it was made in) and connects every caller to the
// address given as argument, inside the namespace that it runs in itself.
//
// Usage: relay FD HOST:PORT
package main

import (
	"io"
	"log"
	"net"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: relay FD HOST:PORT")
	}
	fd, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatalf("FD %q is no number: %v", os.Args[1], err)
	}
	listener, err := net.FileListener(os.NewFile(uintptr(fd), "listener"))
	if err != nil {
		log.Fatalf("file descriptor %d is no listening socket: %v", fd, err)
	}
	for {
		caller, err := listener.Accept()
		if err != nil {
			log.Fatalf("accept: %v", err)
		}
		go serve(caller.(*net.TCPConn), os.Args[2])
	}
}

func serve(caller *net.TCPConn, target string) {
	defer caller.Close()
	connection, err := net.Dial("tcp", target)
	if err != nil {
		return // nobody listens yet: the caller sees its connection closed
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		pass(server, caller)
		close(done)
	}()
	pass(caller, server)
	<-done
}

// pass copies one direction until its end, and passes the end on.
func pass(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		from.CloseRead()
	}
	to.CloseWrite()
}
