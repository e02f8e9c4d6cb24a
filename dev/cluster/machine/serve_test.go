package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// Readers take what comes in pieces of some length; none of them may leave the end of a request unread.
func TestAnswerRequestsOfAnyLength(t *testing.T) {
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "machine.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			answer(connection, newProcesses())
		}
	}()
	for length := range 3000 {
		connection, err := net.Dial("unix", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "{\"do\":\"list\",\"name\":\"%s\"}\n", strings.Repeat("n", length))
		bytes, err := io.ReadAll(connection)
		connection.Close()
		var got reply
		if err != nil || json.Unmarshal(bytes, &got) != nil {
			t.Fatalf("a request with a name of %d bytes: got %q, error %v", length, bytes, err)
		}
	}
}
