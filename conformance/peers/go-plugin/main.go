// The plugin that the conformance suite runs, as conformance/TESTEE.md says: each handler first shows on stderr what it was given,
// then does what an order says that stands in its input's text: `conformance NONCE WORD [REST]`.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

const dismissed = "plugin.message_will_be_posted.dismiss_post"

// The order stands in the first of these places that the request has. Behind `#` it goes on in the JSON of those bytes.
var places = strings.Fields(`remote_cluster.display_name new_post.message post.message posts.0.message file_info.name
reaction.emoji_name push_notification.message email_notification.notification_json#subject
new_config.config_json#TeamSettings.SiteName preferences.0.value channel_member.roles team_member.roles user.username channel.header
args.command request.action web_conn_id event.data# event.user_id`)

// Shows what the handler saw, and does what all hooks do alike; the word and the rest are for the answer.
func (hook *call) obey(text string, saw object) (evidence, string, string, error) {
	if !strings.HasPrefix(text, "conformance ") {
		orders := map[string]string{}
		_ = json.Unmarshal([]byte(os.Getenv("CONFORMANCE_ORDERS")), &orders) // without the variable there are none
		text = orders[hook.name]
	}
	parts := append(strings.SplitN(text, " ", 4), "", "", "", "")
	line := evidence{hook.name, parts[1]}
	line.show("saw", short(saw))
	word, rest, err := hook.act(parts[2], parts[3], line)
	return line, word, rest, err
}

func (hook *call) act(word, rest string, line evidence) (string, string, error) {
	first, text, _ := strings.Cut(rest, " ")
	number, _ := strconv.Atoi(rest) // words without a number do not look at it
	switch word {
	case "fail":
		return "", "", errors.New(rest)
	case "sleep":
		wait := time.After(time.Duration(number) * time.Millisecond)
		select {
		case <-wait:
		case <-hook.Done():
			line.show("cancelled", true)
			<-wait
		}
	case "exit":
		os.Exit(number)
	case "quit":
		runtime.Goexit()
	case "log":
		logger.Log(hclog.LevelFromString(first), text)
	case "flood":
		for done := 0; done <= number; done += 1000 {
			fmt.Fprintln(os.Stdout, strings.Repeat("x", 999))
			fmt.Fprintln(os.Stderr, strings.Repeat("x", 999))
		}
	case "api":
		told := hook.callAPI(first, text)
		if hook.name == "ExecuteCommand" || has(hook.method.Output(), "rejection_reason") != nil {
			return "reject", asJSON(told), nil
		}
		if told["ok"] == nil {
			return "", "", errors.New(asJSON(told))
		}
	}
	return word, rest, nil
}

func (hook *call) callAPI(name, text string) object {
	method := apiService.Methods().ByName(protoreflect.Name(name))
	if method == nil {
		return object{"unmapped": name}
	}
	request := dynamicpb.NewMessage(method.Input())
	if err := protojson.Unmarshal([]byte(text), request); err != nil {
		panic(err)
	}
	response, err := hook.api(method, request)
	refused := &apiError{}
	if errors.As(err, &refused) {
		fields := object{"id": refused.id, "message": refused.message, "status_code": refused.code}
		if refused.fields != nil {
			for name, value := range plain(refused.fields) {
				fields[name] = value
			}
		}
		return object{"error": fields}
	}
	return object{"ok": plain(response)}
}

// What a handler gives back for its order, as JSON.
func handle(hook *call, request *dynamicpb.Message) (*dynamicpb.Message, error) {
	saw := plain(request)
	delete(saw, "context")
	place, text := "", ""
	for _, candidate := range places {
		if found, ok := textAt(saw, candidate); ok {
			place, text = candidate, found
			break
		}
	}
	_, word, rest, err := hook.obey(text, saw)
	if err != nil {
		return nil, err
	}
	given, output := object{}, hook.method.Output()
	switch changed := text + " [modified]"; {
	case word == "answer":
		given = nil
	case hook.name == "ExecuteCommand":
		texts := map[string]string{"modify": changed, "reject": rest}
		if answer, ok := texts[word]; ok {
			text = answer
		}
		given["response"] = object{"response_type": "ephemeral", "text": text}
	case hook.name == "OnSharedChannelsPing":
		given["healthy"] = word != "reject"
	case word == "dismiss" && hook.name == "MessagesWillBeConsumed":
		given["posts"] = saw["posts"].([]any)[1:]
	case word == "dismiss":
		given["rejection_reason"] = dismissed
	case word == "reject" && has(output, "rejection_reason") != nil:
		given["rejection_reason"] = rest
	case word == "reject" && has(output, "error") != nil:
		return nil, errors.New(rest)
	case word == "modify":
		modify(hook, saw, place, changed, given)
	case has(output, "posts") != nil && saw["posts"] != nil:
		given["posts"] = saw["posts"]
	}
	if given != nil {
		rest = asJSON(given)
	}
	answer := dynamicpb.NewMessage(output)
	return answer, protojson.Unmarshal([]byte(rest), answer)
}

func modify(hook *call, saw object, place, changed string, given object) {
	path, inner, _ := strings.Cut(place, "#")
	top, _, _ := strings.Cut(path, ".")
	output := hook.method.Output().Fields()
	switch hook.name {
	case "ConfigurationWillBeSaved", "EmailNotificationWillBeSent":
		content, _ := base64.StdEncoding.DecodeString(walk(saw, path).(string)) // protojson has just encoded it
		document := object{}
		if err := json.Unmarshal(content, &document); err != nil {
			panic(err)
		}
		if hook.name == "ConfigurationWillBeSaved" {
			document["TeamSettings"].(object)["SiteName"] = changed
			given["modified_config"] = object{"config_json": []byte(asJSON(document))}
			return
		}
		document[inner] = changed
		texts, parts := object{}, output.ByName("modified_content").Message().Fields()
		for i := range parts.Len() {
			name := string(parts.Get(i).Name())
			texts[name] = document[strings.Replace(name, "sub_title", "subtitle", 1)]
		}
		given["modified_content"] = texts
	default:
		for i := range output.Len() {
			if name := string(output.Get(i).Name()); strings.HasPrefix(name, "modified_") && name != "modified_content" || name == "posts" {
				last := strings.LastIndex(path, ".")
				walk(saw, path[:last]).(object)[path[last+1:]] = changed
				given[name] = saw[top]
			}
		}
		if hook.name == "FileWillBeUploaded" {
			encoded, _ := saw["file_content"].(string)
			content, _ := base64.StdEncoding.DecodeString(encoded) // protojson has just encoded it
			given["modified_content"] = append(content, " [modified]"...)
		}
	}
}

// Answers an HTTP request by the steps of its order; a word that is no step is an order.
func serveHTTP(e *exchange) error {
	saw, order, headers := plain(e.head.Interface()), "", object{}
	for _, header := range anyList(saw["headers"]) {
		name, values := fmt.Sprint(header.(object)["key"]), anyList(header.(object)["values"])
		headers[name] = append(anyList(headers[name]), values...)
		if strings.EqualFold(name, "X-Conformance") && len(values) > 0 {
			order = values[0].(string)
		}
	}
	saw["headers"] = headers
	line, word, rest, err := e.obey(order, saw)
	steps := []string{}
	if err == nil && word == "answer" {
		err = json.Unmarshal([]byte(rest), &steps)
	}
	body, length := sha256.New(), 0
	for i := 0; err == nil && i < len(steps); i++ {
		name, rest, _ := strings.Cut(steps[i], " ")
		first, text, _ := strings.Cut(rest, " ")
		number, _ := strconv.Atoi(first) // steps without a number do not look at it
		switch name {
		case "status":
			err = e.setStatus(number)
		case "header":
			err = e.addHeader(first, text)
		case "write":
			err = e.write([]byte(strings.Repeat(text, number)))
		case "flush":
			err = e.flush()
		case "read", "echo":
			var chunk []byte
			for end := length + number; err == nil && (rest == "" || length < end); {
				if chunk, err = e.read(); err == nil {
					body.Write(chunk)
					length += len(chunk)
					if name == "echo" {
						err = e.write(chunk)
					}
				}
			}
			if err == io.EOF {
				line.show("body", object{"len": length, "sha256": hex.EncodeToString(body.Sum(nil))})
				err = nil
			}
		default:
			_, _, err = e.act(name, rest, line)
		}
	}
	return err
}

func anyList(value any) []any {
	list, _ := value.([]any)
	return list
}

func main() {
	if err := loadContract(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	without := strings.Fields(os.Getenv("CONFORMANCE_WITHOUT"))
	handlers, http := map[string]handler{}, serveHTTP
	for i := range hooksService.Methods().Len() {
		name := string(hooksService.Methods().Get(i).Name())
		if name != "Implemented" && name != "ServeHTTP" {
			handlers[name] = handle
		}
	}
	for _, name := range without {
		delete(handlers, name)
		if name == "ServeHTTP" {
			http = nil
		}
	}
	if err := serve(handlers, http); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
