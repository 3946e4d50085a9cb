// What an SDK would bring on top of hashicorp/go-plugin: hooks by descriptor, an API client, HTTP bodies. It knows nothing of the suite.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

const unlimited = 1<<31 - 1

var (
	hooksService, apiService protoreflect.ServiceDescriptor
	apiConnection            *grpc.ClientConn
	logger                   = hclog.New(&hclog.LoggerOptions{JSONFormat: true, Output: os.Stderr,
		Level: hclog.LevelFromString(os.Getenv("MATTERMOST_PLUGIN_LOG_LEVEL"))})
	hookTimeout = 30 * time.Second
)

// A handler gets the request and gives the response, or an error that goes back as the hook has room for it.
type handler func(hook *call, request *dynamicpb.Message) (*dynamicpb.Message, error)

// What a handler knows beside its request. The context ends when nobody waits for it any more.
type call struct {
	context.Context
	name      string
	method    protoreflect.MethodDescriptor
	requestID string
}

// Fields of a message that a hook's answer may have.
func has(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	return message.Fields().ByName(protoreflect.Name(name))
}

// The contract comes from its .proto files, beside the plugin where `init` has put them, otherwise from the repository.
func loadContract() error {
	folder := "proto"
	if _, err := os.Stat(folder); err != nil {
		folder = filepath.Join("..", "..", "..", "proto", "pb")
	}
	resolver := protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{folder}})
	compiler := protocompile.Compiler{Resolver: resolver}
	files, err := compiler.Compile(context.Background(), "hooks.proto", "api.proto")
	if err != nil {
		return fmt.Errorf("compiling the contract in %s: %w", folder, err)
	}
	hooksService = files[0].Services().ByName("PluginHooks")
	apiService = files[1].Services().ByName("PluginAPI")
	return nil
}

// Serves the handlers by go-plugin, with the contract loaded, until the host says that it is over.
func serve(handlers map[string]handler, serveHTTP func(*exchange) error) error {
	if seconds, err := strconv.ParseFloat(os.Getenv("MATTERMOST_PLUGIN_HOOK_TIMEOUT"), 64); err == nil && seconds > 0 {
		hookTimeout = time.Duration(seconds * float64(time.Second))
	}
	if target := os.Getenv("MATTERMOST_PLUGIN_API_TARGET"); target != "" {
		limits := grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(unlimited), grpc.MaxCallSendMsgSize(unlimited))
		connection, err := grpc.NewClient("passthrough:///"+target, grpc.WithTransportCredentials(insecure.NewCredentials()), limits)
		if err != nil {
			return fmt.Errorf("connecting to the API at %s: %w", target, err)
		}
		apiConnection = connection
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: "MATTERMOST_PLUGIN", MagicCookieValue: "Securely message teams, anywhere."},
		Plugins: plugin.PluginSet{"hooks": &hooks{handlers: handlers, serveHTTP: serveHTTP}},
		Logger:  logger,
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(unlimited), grpc.MaxSendMsgSize(unlimited))...)
		},
	})
	return nil
}

type hooks struct {
	plugin.NetRPCUnsupportedPlugin
	handlers  map[string]handler
	serveHTTP func(*exchange) error
}

func (*hooks) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this is a plugin, not a host")
}

func (h *hooks) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	service := grpc.ServiceDesc{ServiceName: string(hooksService.FullName()), HandlerType: (*any)(nil)}
	for i := range hooksService.Methods().Len() {
		method := hooksService.Methods().Get(i)
		name := string(method.Name())
		switch {
		case name == "Implemented":
			service.Methods = append(service.Methods, unary(method, h.implemented))
		case name == "ServeHTTP" && h.serveHTTP != nil:
			service.Streams = append(service.Streams, grpc.StreamDesc{StreamName: name, ServerStreams: true, ClientStreams: true,
				Handler: func(_ any, stream grpc.ServerStream) error { return serveExchange(method, stream, h.serveHTTP) }})
		case h.handlers[name] != nil:
			service.Methods = append(service.Methods, unary(method, h.handlers[name]))
		}
	}
	server.RegisterService(&service, h)
	return nil
}

func (h *hooks) implemented(hook *call, _ *dynamicpb.Message) (*dynamicpb.Message, error) {
	names := make([]string, 0, len(h.handlers)+1)
	for name := range h.handlers {
		names = append(names, name)
	}
	if h.serveHTTP != nil {
		names = append(names, "ServeHTTP")
	}
	sort.Strings(names)
	answer := dynamicpb.NewMessage(hook.method.Output())
	list := answer.Mutable(has(answer.Descriptor(), "hooks")).List()
	for _, name := range names {
		list.Append(protoreflect.ValueOfString(name))
	}
	return answer, nil
}

func unary(method protoreflect.MethodDescriptor, handle handler) grpc.MethodDesc {
	name := string(method.Name())
	return grpc.MethodDesc{MethodName: name,
		Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			request := dynamicpb.NewMessage(method.Input())
			if err := decode(request); err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, hookTimeout)
			hook := &call{Context: ctx, name: name, method: method, requestID: requestID(request)}
			type result struct {
				answer *dynamicpb.Message
				err    error
			}
			done := make(chan result, 1)
			go func() { // a panic, or the end of the goroutine, is the end of this handler alone
				defer cancel()
				ended := result{err: errors.New("the handler ended without an answer")}
				defer func() {
					if panicked := recover(); panicked != nil {
						ended = result{err: fmt.Errorf("%v", panicked)}
					}
					done <- ended
				}()
				answer, err := handle(hook, request)
				ended = result{answer, err}
			}()
			select {
			case ended := <-done:
				if ended.err == nil {
					return ended.answer, nil
				}
				return failed(hook, request, ended.err), nil
			case <-ctx.Done():
				return failed(hook, request, fmt.Errorf("%s took longer than %v: %w", name, hookTimeout, ctx.Err())), nil
			}
		}}
}

func requestID(request *dynamicpb.Message) string {
	field := has(request.Descriptor(), "context")
	if field == nil {
		return ""
	}
	of := request.Get(field).Message()
	return of.Get(has(of.Descriptor(), "request_id")).String()
}

// A hook answers whatever its handler does: an error is a rejection, an error in band, or nothing, as the response has room for it.
func failed(hook *call, request *dynamicpb.Message, err error) *dynamicpb.Message {
	answer := dynamicpb.NewMessage(hook.method.Output())
	if reason := has(answer.Descriptor(), "rejection_reason"); reason != nil {
		answer.Set(reason, protoreflect.ValueOfString(err.Error()))
	} else if field := has(answer.Descriptor(), "error"); field != nil {
		inBand := answer.Mutable(field).Message()
		set := func(name string, value any) { inBand.Set(has(inBand.Descriptor(), name), protoreflect.ValueOf(value)) }
		set("id", "plugin.hook.failed.app_error")
		set("message", err.Error())
		set("where", hook.name)
		set("status_code", int32(500))
		set("request_id", hook.requestID)
	} else {
		logger.Error("a handler failed", "hook", hook.name, "error", err.Error())
		if posts := has(answer.Descriptor(), "posts"); posts != nil {
			as, given := answer.Mutable(posts).List(), request.Get(has(request.Descriptor(), "posts")).List()
			for i := range given.Len() {
				as.Append(given.Get(i))
			}
		}
	}
	return answer
}

// The error of the API, with the fields of the contract's AppError.
type apiError struct {
	fields  proto.Message // an AppError in band, or nil
	id      string
	message string
	code    int
}

func (e *apiError) Error() string { return e.id + ": " + e.message }

// The HTTP status that a gRPC status stands for, and the texts that have an id.
var (
	httpOf = map[codes.Code]int{codes.InvalidArgument: 400, codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.NotFound: 404,
		codes.AlreadyExists: 409, codes.ResourceExhausted: 429, codes.Internal: 500, codes.Unimplemented: 501, codes.Unavailable: 503}
	withID = regexp.MustCompile(`(?s)^([\w-]+(?:\.[\w-]+)+): (.*)$`)
)

// Calls an RPC of the API: the response without its error, or an *apiError.
func (hook *call) api(method protoreflect.MethodDescriptor, request proto.Message) (*dynamicpb.Message, error) {
	if apiConnection == nil {
		return nil, &apiError{message: "there is no API: MATTERMOST_PLUGIN_API_TARGET is not set"}
	}
	ctx, cancel := context.WithTimeout(hook, hookTimeout)
	defer cancel()
	if token := os.Getenv("MATTERMOST_PLUGIN_API_TOKEN"); token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	if hook.requestID != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", hook.requestID)
	}
	response := dynamicpb.NewMessage(method.Output())
	if err := apiConnection.Invoke(ctx, fmt.Sprintf("/%s/%s", apiService.FullName(), method.Name()), request, response); err != nil {
		refused := &apiError{message: status.Convert(err).Message(), code: httpOf[status.Code(err)]}
		if parts := withID.FindStringSubmatch(refused.message); parts != nil {
			refused.id, refused.message = parts[1], parts[2]
		}
		return nil, refused
	}
	if field := has(response.Descriptor(), "error"); response.Has(field) {
		return nil, &apiError{fields: response.Get(field).Message().Interface()}
	}
	return response, nil
}
