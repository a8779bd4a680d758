// Makes the page from /openapi.json: every operation with its parameters, a body to edit, a button
// that sends the request from here, and the answer.
'use strict';

let api;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function resolved(value) {
  while (value && value.$ref) {
    value = value.$ref.slice(2).split('/').reduce((part, name) => part[name], api);
  }
  return value || {};
}

// ------------------------------------------------------------------ text

function inline(text) {
  return text.split(/(`[^`]*`|\*\*[^*]*\*\*)/).map((part) => {
    if (part.startsWith('`')) return element('code', {textContent: part.slice(1, -1)});
    if (part.startsWith('**')) return element('strong', {textContent: part.slice(2, -2)});
    return part;
  });
}

function paragraphs(text) {
  return (text || '').trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    if (!block.startsWith('- ')) return element('p', {}, ...inline(block));
    const items = block.slice(2).split(/\n- /);
    return element('ul', {}, ...items.map((item) => element('li', {}, ...inline(item))));
  });
}

// ------------------------------------------------------------------ schemas

function typeOf(schema) {
  const shape = resolved(schema);
  const choices = shape.anyOf || shape.oneOf;
  if (choices) return choices.map(typeOf).join(' or ');
  if (shape.enum) return shape.enum.map((one) => JSON.stringify(one)).join(' | ');
  const types = [].concat(shape.type || []);
  const named = types.map((type) => {
    if (type === 'array' && shape.items) return `list of ${typeOf(shape.items)}`;
    if (type === 'object' && schema.$ref) return schema.$ref.split('/').pop();
    return type === 'string' && shape.format ? shape.format : type;
  });
  return named.join(' or ') || (schema.$ref || 'anything').split('/').pop();
}

function propertiesOf(schema) {
  const shape = resolved(schema);
  const parts = (shape.allOf || []).map(propertiesOf);
  return Object.assign({}, ...parts, shape.properties);
}

function propertyTable(schema, seen = []) {
  const rows = Object.entries(propertiesOf(schema)).map(([name, property]) => {
    const shape = resolved(property);
    const note = 'default' in shape ? `, ${JSON.stringify(shape.default)} unless set` : '';
    return element('tr', {},
      element('td', {}, element('code', {textContent: name})),
      element('td', {},
        element('span', {className: 'type', textContent: typeOf(property) + note}),
        ...paragraphs(shape.description)));
  });
  const table = element('table', {}, ...rows);
  return [table, ...namedInside(schema, seen).flatMap((name) => [
    element('p', {}, element('strong', {textContent: name})),
    ...paragraphs(api.components.schemas[name].description),
    ...propertyTable({$ref: `#/components/schemas/${name}`}, [...seen, name]),
  ])];
}

function namedInside(schema, seen) {
  const text = JSON.stringify(propertiesOf(schema));
  const names = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]);
  return [...new Set(names)].filter(
    (name) => !seen.includes(name) && Object.keys(propertiesOf(api.components.schemas[name])).length);
}

function schemaParts(schema) {
  const shape = resolved(schema);
  const named = (shape.anyOf || [schema]).map((one) => resolved(one).items || one);
  const main = named[0];
  return [element('p', {className: 'type', textContent: typeOf(schema)}), ...propertyTable(main)];
}

// ------------------------------------------------------------------ one operation

function field(parameter) {
  const shape = resolved(parameter.schema);
  const label = `${parameter.name} (${parameter.in})`;
  if (shape.enum) {
    const options = shape.enum.map((value) => element('option', {textContent: value}));
    return element('select', {ariaLabel: label}, ...options);
  }
  const example = parameter.example === undefined ? '' : `e.g. ${parameter.example}`;
  return element('input', {placeholder: example, ariaLabel: label, autocomplete: 'off'});
}

function parameterRows(parameters, creates) {
  return parameters.map((given) => {
    const parameter = resolved(given);
    const input = field(parameter);
    input.required = parameter.required === true;
    if (creates && parameter.name === 'select') input.value = 'id';
    const where = parameter.in === 'query' ? '' : ` ${parameter.in}`;
    const needed = parameter.required ? ', needed' : '';
    const row = element('tr', {},
      element('td', {}, element('code', {textContent: parameter.name}),
        element('span', {className: 'type', textContent: where + needed})),
      element('td', {}, input),
      element('td', {}, ...paragraphs(parameter.description)));
    return {parameter, input, row};
  });
}

function examplesOf(media) {
  const named = Object.values(media.examples || {}).map((one) => [one.summary, one.value]);
  return 'example' in media ? [['Example', media.example], ...named] : named;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function requestOf(operation, method, path, rows, body) {
  let address = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const {parameter, input} of rows) {
    if (input.value === '') continue;
    if (parameter.in === 'path') {
      address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    } else if (parameter.in === 'header') headers[parameter.name] = input.value;
    else query.append(parameter.name, input.value);
  }
  const secured = (operation.security || api.security).length > 0;
  const token = document.getElementById('token').value;
  if (secured && token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const text = query.size ? `?${query}` : '';
  return {url: location.item_id + address + text, method, headers, body};
}

function curlOf({url, method, headers, body}) {
  const parts = ['curl', ...(method === 'GET' ? [] : [`-X ${method}`]), quoted(url)];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`-d ${quoted(body)}`);
  return parts.join(' ');
}

async function show(request, answer) {
  const status = answer.querySelector('.status');
  const content = answer.querySelector('.content');
  const began = performance.now();
  answer.hidden = false;
  try {
    const {url, ...options} = request;
    const response = await fetch(url, options);
    const text = await response.text();
    const took = Math.round(performance.now() - began);
    status.textContent = `${response.status} ${response.statusText}, ${took} ms`;
    status.className = `status ${response.ok ? 'good' : 'bad'}`;
    answer.querySelector('.headers').textContent =
      [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    content.textContent = pretty(text);
  } catch (error) {
    status.textContent = `No answer (${error.message})`;
    status.className = 'status bad';
    answer.querySelector('.headers').textContent = '';
    content.textContent = '';
  }
}

function pretty(text) {
  if (text === '') return '(empty)';
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function sectionOf(path, method, operation) {
  const section = document.getElementById('operation').content.cloneNode(true).firstElementChild;
  const find = (selector) => section.querySelector(selector);
  const verb = method.toUpperCase();
  section.id = operation.operationId;
  find('.method').textContent = verb;
  find('.method').classList.add(verb);
  find('.path').textContent = path;
  find('.summary').textContent = operation.summary;
  find('.description').append(...paragraphs(operation.description));
  const rows = parameterRows(operation.parameters || [], verb === 'POST');
  find('.parameters').append(...rows.map((one) => one.row));
  const media = operation.requestBody && operation.requestBody.content['application/json'];
  const area = find('textarea');
  if (media) {
    const examples = examplesOf(media);
    find('.examples').append(
      ...examples.map(([summary], n) => element('option', {value: n, textContent: summary})));
    const fill = () => {
      area.value = JSON.stringify(examples[find('.examples').value][1], null, 2);
      area.rows = area.value.split('\n').length;
    };
    find('.examples').addEventListener('change', fill);
    fill();
    find('.schema').append(...schemaParts(media.schema));
  } else find('.body').remove();
  const current = () => requestOf(operation, verb, path, rows, media && area.value);
  const refresh = () => { find('.curl').textContent = curlOf(current()); };
  find('form').addEventListener('input', refresh);
  document.getElementById('token').addEventListener('input', refresh);
  find('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    find('button').disabled = true;
    await show(current(), find('.answer'));
    find('button').disabled = false;
  });
  refresh();
  find('.answers').append(...Object.entries(operation.responses).map(([status, given]) =>
    element('div', {}, element('strong', {textContent: status}),
      ...paragraphs(resolved(given).description))));
  return section;
}

// ------------------------------------------------------------------ the page

function build() {
  document.title = api.info.title;
  document.getElementById('title').textContent = api.info.title;
  document.getElementById('about').append(...paragraphs(api.info.description));
  for (const tag of api.tags) {
    const place = document.getElementById('operations');
    const contents = document.getElementById('contents');
    place.append(element('h2', {textContent: tag.name}), ...paragraphs(tag.description));
    contents.append(element('h2', {textContent: tag.name}));
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags.includes(tag.name)) continue;
        place.append(sectionOf(path, method, operation));
        const verb = method.toUpperCase();
        contents.append(element('a', {href: `#${operation.operationId}`},
          element('span', {className: `method ${verb}`, textContent: verb}), operation.summary));
      }
    }
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function remember() {
  const token = document.getElementById('token');
  token.value = localStorage.getItem('token') || 'local-token';
  token.addEventListener('input', () => localStorage.setItem('token', token.value));
  document.getElementById('access').addEventListener('submit', (event) => event.preventDefault());
}

remember();
fetch('/openapi.json').then((response) => response.json()).then((document) => {
  api = document;
  build();
});
