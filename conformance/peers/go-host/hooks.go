package main

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// A connection is the library's notion of a plugin that is nothing but its connection.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return fmt.Errorf("this is a host")
}

func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// A codec that leaves messages as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (bytesCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte{}, data...)
	return nil
}

// invoke calls a hook with a message, and gives the message that is answered.
func invoke(conn *grpc.ClientConn, hook string, request []byte, within time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	response := []byte{}
	path := "/mattermost.pluginapi.v1.PluginHooks/" + hook
	err := conn.Invoke(ctx, path, &request, &response, grpc.ForceCodec(bytesCodec{}))
	return response, err
}

// field gives the values of a field that is a text or a message.
func field(message []byte, number protowire.Number) ([][]byte, error) {
	var values [][]byte
	for len(message) > 0 {
		found, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return nil, protowire.ParseError(length)
		}
		message = message[length:]
		length = protowire.ConsumeFieldValue(found, kind, message)
		if length < 0 {
			return nil, protowire.ParseError(length)
		}
		if found == number && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			values = append(values, value)
		}
		message = message[length:]
	}
	return values, nil
}

// inBand gives the text of the AppError that the lifecycle hooks have in their first field: message is the second one of it.
func inBand(response []byte) error {
	errors, err := field(response, 1)
	if err != nil || len(errors) == 0 {
		return err
	}
	texts, err := field(errors[len(errors)-1], 2)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s", texts)
}

// lifecycle makes the calls that a plugin is brought up by, and gives the hooks that it has; nil means all.
func (h *host) lifecycle(conn *grpc.ClientConn) (map[string]bool, error) {
	response, err := invoke(conn, "Implemented", nil, h.listing)
	if code := status.Code(err); code == codes.Unavailable || code == codes.DeadlineExceeded {
		return nil, &refusal{Kind: "connect." + word(code), Message: err.Error()}
	}
	var hooks map[string]bool
	if status.Code(err) != codes.Unimplemented {
		if err == nil {
			err = inBand(response)
		}
		names, malformed := field(response, 2)
		if err == nil {
			err = malformed
		}
		if err != nil {
			return nil, &refusal{Kind: "hook.implemented", Message: "Implemented: " + err.Error()}
		}
		hooks = map[string]bool{}
		for _, name := range names {
			if !utf8.Valid(name) {
				return nil, &refusal{Kind: "hook.implemented", Message: fmt.Sprintf("Implemented: %q is no text", name)}
			}
			hooks[string(name)] = true
		}
	}
	if hooks == nil || hooks["OnConfigurationChange"] {
		// Its error keeps nobody from being activated.
		_, _ = invoke(conn, "OnConfigurationChange", nil, h.hooks)
	}
	if hooks == nil || hooks["OnActivate"] {
		response, err := invoke(conn, "OnActivate", nil, h.hooks)
		if err != nil {
			kind := "activate.failed"
			if status.Code(err) == codes.DeadlineExceeded {
				kind = "activate.deadline"
			}
			return nil, &refusal{Kind: kind, Message: "OnActivate: " + err.Error()}
		}
		if err := inBand(response); err != nil {
			return nil, &refusal{Kind: "activate.refused", Message: "OnActivate: " + err.Error()}
		}
	}
	return hooks, nil
}

func word(code codes.Code) string {
	switch code {
	case codes.DeadlineExceeded:
		return "deadline"
	case codes.Unavailable:
		return "unavailable"
	}
	return "status"
}

func (h *host) hook(id, hook string, request []byte) (any, error) {
	i := h.instance(id)
	conn, running := i.runs()
	if !running {
		return nil, &refusal{Kind: "plugin.not_running", Message: id + " does not run"}
	}
	if i.hooks != nil && !i.hooks[hook] {
		return object{"outcome": "not_implemented"}, nil
	}
	within, own := h.single[hook]
	if !own {
		within = h.hooks
	}
	response, err := invoke(conn, hook, request, within)
	if err != nil {
		return object{"outcome": "failed", "kind": word(status.Code(err)), "message": err.Error()}, nil
	}
	return object{"outcome": "answered", "response": response}, nil
}

// health is the library's Ping, which has no deadline and looks at no status.
func (h *host) health(id string) (any, error) {
	i := h.instance(id)
	if _, running := i.runs(); !running {
		return nil, &refusal{Kind: "plugin.not_running", Message: id + " does not run"}
	}
	protocol, err := i.client.Client()
	if err == nil {
		err = protocol.Ping()
	}
	if err != nil {
		return object{"healthy": false, "status": err.Error()}, nil
	}
	return object{"healthy": true, "status": "SERVING"}, nil
}
