// What tests of several SDKs share: the tools they offer, and how a model's answer is read.
import assert from 'node:assert/strict';
import {expected} from './stage.mjs';

export const {loop, thinking, images, shape} = expected;
export const turns = 4;  // more than any loop here needs
export const dataUrl = `data:image/png;base64,${images.png}`;
export const seen = `url ${images.url} image/png ${images.png}`;

/** `[{name, description, parameters}]` */
export const tools = Object.entries(loop.calls).map(
  ([name, {description, parameters}]) => ({name, description, parameters}));
export const chatTools = tools.map((tool) => ({type: 'function', function: tool}));
export const responsesTools = tools.map((tool) => ({type: 'function', strict: false, ...tool}));
export const anthropicTools = tools.map(
  ({name, description, parameters}) => ({name, description, input_schema: parameters}));

/** What a tool gives, if it was called as the model has called it. */
export function work(name, given) {
  assert.deepEqual(given, JSON.parse(loop.calls[name].arguments));
  return loop.calls[name].result;
}

/** The model's messages until one calls no tool; each goes back as it came. */
export async function chatLoop(client, stream, question, asked) {
  const messages = [{role: 'user', content: question}];
  const said = [];
  while (said.length < turns) {
    const whole = {...asked, messages, tools: chatTools};
    const answer = stream ? await client.chat.completions.stream(whole).finalChatCompletion() :
      await client.chat.completions.create(whole);
    const {message} = answer.choices[0];
    said.push(message);
    messages.push(message);
    if (!message.tool_calls?.length) break;
    for (const {id, function: {name, arguments: text}} of message.tool_calls)
      messages.push({role: 'tool', tool_call_id: id, content: work(name, JSON.parse(text))});
  }
  return said;
}

/** The responses until one calls no tool; each one's items go back as they came. */
export async function responsesLoop(client, stream, question, asked) {
  const input = [{role: 'user', content: question}];
  const said = [];
  while (said.length < turns) {
    const whole = {...asked, input, tools: responsesTools};
    const answer = stream ? await client.responses.stream(whole).finalResponse() :
      await client.responses.create(whole);
    said.push(answer);
    const calls = answer.output.filter((item) => item.type === 'function_call');
    input.push(...answer.output, ...calls.map((call) => (
      {type: 'function_call_output', call_id: call.call_id,
       output: work(call.name, JSON.parse(call.arguments))})));
    if (!calls.length) break;
  }
  return said;
}

/** The messages until one calls no tool; each one's content goes back as it came. */
export async function anthropicLoop(client, stream, question, asked) {
  const messages = [{role: 'user', content: question}];
  const said = [];
  while (said.length < turns) {
    const whole = {max_tokens: 4096, ...asked, messages, tools: anthropicTools};
    const answer = stream ? await client.messages.stream(whole).finalMessage() :
      await client.messages.create(whole);
    said.push(answer);
    const calls = answer.content.filter((block) => block.type === 'tool_use');
    if (!calls.length) break;
    messages.push({role: 'assistant', content: answer.content});
    messages.push({role: 'user', content: calls.map(({id, name, input}) => (
      {type: 'tool_result', tool_use_id: id, content: work(name, input)}))});
  }
  return said;
}

/** Of an Anthropic message. */
export const textOf = (message) => message.content.map((block) => block.text ?? '').join('');
