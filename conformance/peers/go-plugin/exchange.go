package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

const piece = 64 * 1024

// The request is not whole, or not by the rules: there is nothing to answer.
var errBrokenOff = errors.New("the request broke off")

// One HTTP request and its answer: pieces of bodies as they come and go, each waiting for who takes it.
type exchange struct {
	*call
	head     protoreflect.Message
	stream   grpc.ServerStream
	waiting  *dynamicpb.Message // the first message until its piece is read
	complete bool
	status   int
	names    []string
	headers  map[string][]string
	moved    chan struct{}

	sending sync.Mutex // guards what follows: the watch answers for a handler that is late
	begun   bool
	over    bool
}

func field(message protoreflect.Message, name string) protoreflect.Value {
	return message.Get(has(message.Descriptor(), name))
}

// Reads the head, runs the handler, and ends the answer whatever the handler does.
func serveExchange(method protoreflect.MethodDescriptor, stream grpc.ServerStream, handle func(*exchange) error) error {
	first := dynamicpb.NewMessage(method.Input())
	if err := stream.RecvMsg(first); err != nil || !first.Has(has(first.Descriptor(), "init")) {
		return status.Error(codes.InvalidArgument, "the first message has no head")
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	e := &exchange{call: &call{Context: ctx, name: "ServeHTTP", method: method}, head: field(first, "init").Message(), stream: stream,
		waiting: first, status: 200, headers: map[string][]string{}, moved: make(chan struct{}, 1)}
	done := make(chan error, 1)
	go func() {
		err := errors.New("the handler ended without an answer")
		defer func() {
			if panicked := recover(); panicked != nil {
				err = fmt.Errorf("%v", panicked)
			}
			done <- err
		}()
		err = handle(e)
	}()
	timer := time.NewTimer(hookTimeout)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return e.end(err)
		case <-ctx.Done():
			return e.end(errBrokenOff)
		case <-timer.C:
			return e.end(fmt.Errorf("nothing was sent for %v", hookTimeout))
		case <-e.moved:
			timer.Reset(hookTimeout)
		}
	}
}

// The next piece of the request's body; io.EOF when it is complete.
func (e *exchange) read() ([]byte, error) {
	for !e.complete {
		message := e.waiting
		if e.waiting = nil; message == nil {
			message = dynamicpb.NewMessage(e.method.Input())
			if err := e.stream.RecvMsg(message); err != nil || message.Has(has(message.Descriptor(), "init")) {
				return nil, errBrokenOff
			}
		}
		e.complete = field(message, "body_complete").Bool()
		if chunk := field(message, "body_chunk").Bytes(); len(chunk) > 0 {
			return chunk, nil
		}
	}
	return nil, io.EOF
}

func (e *exchange) setStatus(code int) error {
	if code < 100 || code > 999 {
		return fmt.Errorf("HTTP has no status %d", code)
	}
	e.status = code
	return nil
}

func (e *exchange) addHeader(name, value string) error {
	if strings.ContainsAny(name+value, "\r\n\x00") {
		return errors.New("a header has no line feeds")
	}
	if _, known := e.headers[name]; !known {
		e.names = append(e.names, name)
	}
	e.headers[name] = append(e.headers[name], value)
	return nil
}

func (e *exchange) write(data []byte) error {
	for len(data) > 0 {
		now := data[:min(piece, len(data))]
		data = data[len(now):]
		if err := e.send("body_chunk", protoreflect.ValueOfBytes(now)); err != nil {
			return err
		}
	}
	return nil
}

func (e *exchange) flush() error { return e.send("flush", protoreflect.ValueOfBool(true)) }

func (e *exchange) send(name string, value protoreflect.Value) error {
	e.sending.Lock()
	defer e.sending.Unlock()
	return e.sendNow(name, value)
}

// Sends a message, the first one with the head.
func (e *exchange) sendNow(name string, value protoreflect.Value) error {
	if e.over {
		return errBrokenOff
	}
	message := dynamicpb.NewMessage(e.method.Output())
	if !e.begun {
		init := message.Mutable(has(message.Descriptor(), "init")).Message()
		init.Set(has(init.Descriptor(), "status_code"), protoreflect.ValueOfInt32(int32(e.status)))
		list := init.Mutable(has(init.Descriptor(), "headers")).List()
		for _, name := range e.names {
			header := list.AppendMutable().Message()
			header.Set(has(header.Descriptor(), "key"), protoreflect.ValueOfString(name))
			values := header.Mutable(has(header.Descriptor(), "values")).List()
			for _, value := range e.headers[name] {
				values.Append(protoreflect.ValueOfString(value))
			}
		}
	}
	message.Set(has(message.Descriptor(), name), value)
	e.begun = true
	if err := e.stream.SendMsg(message); err != nil {
		return errBrokenOff
	}
	select {
	case e.moved <- struct{}{}:
	default:
	}
	return nil
}

// Completes the answer; after an error with 500 if nothing has been sent yet, otherwise by a stream that visibly breaks off.
func (e *exchange) end(err error) error {
	if !e.sending.TryLock() { // the handler is held up in the midst of a message
		return status.Error(codes.Aborted, "the answer broke off")
	}
	defer e.sending.Unlock()
	defer func() { e.over = true }()
	if err != nil && (e.begun || errors.Is(err, errBrokenOff)) {
		return status.Error(codes.Aborted, "the answer broke off")
	}
	if err != nil {
		logger.Error("a handler failed", "hook", e.name, "error", err.Error())
		e.status, e.names = 500, nil
	}
	if e.sendNow("body_complete", protoreflect.ValueOfBool(true)) != nil {
		return status.Error(codes.Aborted, "the answer broke off")
	}
	return nil
}
