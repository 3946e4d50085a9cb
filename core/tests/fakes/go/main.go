// A plugin on the real go-plugin: it answers every call with an empty message and uses AutoMTLS when its host asks for it.
//
// The messages are written as bytes, so that it needs no generated code.
package main

import (
	"context"
	"io"
	"strings"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// hooksField is the key of the repeated field with the names of hooks.
const hooksField = 0x12

// hooks is there so that go-plugin chooses gRPC. What is served stands in answer.
type hooks struct{ plugin.NetRPCUnsupportedPlugin }

func (hooks) GRPCServer(broker *plugin.GRPCBroker, _ *grpc.Server) error {
	// A broker that nobody asks must hold up nothing, not even the end.
	go broker.AcceptAndServe(broker.NextId(), func(opts []grpc.ServerOption) *grpc.Server {
		return grpc.NewServer(opts...)
	})
	return nil
}

func (hooks) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func answer(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	if err := stream.RecvMsg(&emptypb.Empty{}); err != nil && err != io.EOF {
		return err
	}
	response := &emptypb.Empty{}
	if strings.HasSuffix(method, "/Implemented") {
		var list []byte
		for _, name := range []string{"OnActivate", "OnDeactivate", "MessageHasBeenPosted"} {
			list = append(append(list, hooksField, byte(len(name))), name...)
		}
		response.ProtoReflect().SetUnknown(list)
	}
	return stream.SendMsg(response)
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "MATTERMOST_PLUGIN",
			MagicCookieValue: "Securely message teams, anywhere.",
		},
		Plugins: plugin.PluginSet{"hooks": &hooks{}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.UnknownServiceHandler(answer))...)
		},
	})
}
